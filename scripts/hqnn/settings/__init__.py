"""The config model: every key with its type, unit, default, limits and a line of help."""
