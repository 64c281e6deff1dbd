"""What the statements mean together, one rule of precedence a module."""
