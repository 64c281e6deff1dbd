"""Gateway API kinds, as the meshes share them."""
