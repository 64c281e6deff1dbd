"""What a model makes of a request."""
