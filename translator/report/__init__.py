"""The report: findings, the ledger of leaves, and their renderings."""
