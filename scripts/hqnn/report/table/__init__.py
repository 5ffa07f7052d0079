"""What the page says of a study of rows of a table."""
