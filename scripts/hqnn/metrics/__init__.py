"""Scores of predictions with intervals, and facts of training runs, as one tidy table."""
