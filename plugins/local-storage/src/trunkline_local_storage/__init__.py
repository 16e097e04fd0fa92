"""Storage in files of the hub's own data directory."""
