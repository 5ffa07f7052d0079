"""What the page says of a study of small images."""
