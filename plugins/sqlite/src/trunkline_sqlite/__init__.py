"""Trunkline's embedded database: one SQLite file, one group-committing writer."""
