"""A study to take along: an archive, figures and tables for a paper, runs in MLflow."""
