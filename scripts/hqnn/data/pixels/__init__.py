"""Rasters of one date or more, pixel by pixel."""
