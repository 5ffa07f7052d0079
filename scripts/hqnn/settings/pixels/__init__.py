"""Studies whose samples are pixels."""
