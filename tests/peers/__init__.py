"""Faults of other translators, as tests that this one does better."""
