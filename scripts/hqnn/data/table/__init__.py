"""Rows of numbers with labels: their files, their store and their features."""
