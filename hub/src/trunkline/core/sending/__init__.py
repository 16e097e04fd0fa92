"""From a request to a row: what may be sent is stored."""
