"""meshmigrate: service-mesh configuration from one mesh to another, with an account of every leaf."""
