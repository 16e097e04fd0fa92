"""The facts that rules judge by: who must not be reached."""
