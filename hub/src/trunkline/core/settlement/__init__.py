"""What became of a message whose outcome nobody told."""
