"""Media of every channel: a handle, and encrypted bytes in a storage."""
