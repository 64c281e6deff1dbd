"""One folder a mesh: manifests to facts."""
