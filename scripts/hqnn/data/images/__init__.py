"""Sets of small images."""
