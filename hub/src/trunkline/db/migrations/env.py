"""Run by alembic: migrates the connection it was handed, within that connection's transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
