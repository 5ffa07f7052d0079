"""The search for settings, on the train samples alone."""
