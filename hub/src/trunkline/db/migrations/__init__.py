"""The alembic scripts: one file per revision, in versions/, never changed once released."""
