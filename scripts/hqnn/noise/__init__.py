"""Noise models and where they come from."""
