"""Reading: from bytes to values with places, and back for the documents that change."""
