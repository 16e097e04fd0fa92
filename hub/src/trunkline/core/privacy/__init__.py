"""Keys, the body vault and how long anything stays."""
