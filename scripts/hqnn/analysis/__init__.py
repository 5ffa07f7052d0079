"""What a circuit can express and how it trains, without any data."""
