"""What the law of the United States asks of texts and calls."""
