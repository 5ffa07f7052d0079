"""Studies whose samples are photographs."""
