"""New data of every kind through a trained model."""
