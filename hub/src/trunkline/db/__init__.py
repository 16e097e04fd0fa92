"""The hub's tables, their migrations, and the statements of its hot paths. No room's logic."""
