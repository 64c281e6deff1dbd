"""One folder a mesh: facts to manifests."""
