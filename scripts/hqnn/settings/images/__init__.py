"""Studies whose samples are small images."""
