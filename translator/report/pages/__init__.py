"""The pages of the findings, one module per group of codes."""
