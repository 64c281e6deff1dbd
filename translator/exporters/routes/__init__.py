"""Routes of Gateway API, whichever mesh reads them: order, words and destinations."""
