"""What the statements mean together: one module a precedence rule."""
