"""From raw files to the store."""
