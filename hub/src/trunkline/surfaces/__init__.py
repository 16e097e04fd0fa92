"""Translation only: the operations, rendered for each kind of client."""
