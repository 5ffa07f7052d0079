"""Run a trained model by some path."""
