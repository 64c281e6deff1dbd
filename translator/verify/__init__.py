"""The proof: what two configurations do, compared exactly over all requests."""
