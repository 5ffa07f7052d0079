"""Torch modules of the studies, and their classical references."""
