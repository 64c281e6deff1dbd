"""What the statements mean together: one module a rule of precedence."""
