"""Configuration of the node's proxy in its own words, as far as its shape is one that is known whole."""
