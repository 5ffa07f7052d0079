"""Studies whose samples are rows of a table."""
