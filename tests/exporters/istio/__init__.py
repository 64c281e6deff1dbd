"""Istio as a target."""
