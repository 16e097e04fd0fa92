"""What an agent sends or gets, once more to somebody else: where to, in which words, how far."""
