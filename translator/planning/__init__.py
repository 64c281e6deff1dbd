"""From who calls whom to the order in which namespaces move, and what must be open on the way."""
