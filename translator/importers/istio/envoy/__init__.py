"""What a patch of the proxy's configuration is for, told from its form."""
