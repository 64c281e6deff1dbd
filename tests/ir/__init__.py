"""Tests of the neutral model."""
