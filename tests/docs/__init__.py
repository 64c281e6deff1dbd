"""Tests of the written pages."""
