"""Gateway API as a source, for every mesh that reads its routes as the API has them."""
