"""Speech and its recognition on this machine: no account, no network."""
