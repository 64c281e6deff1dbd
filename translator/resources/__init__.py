"""Kinds that several meshes share."""
