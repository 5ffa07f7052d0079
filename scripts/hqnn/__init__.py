"""Hybrid quantum-classical image models: circuits, noise, training, execution and honest reports."""
