"""Accounts that were registered while the hub ran, and what their providers keep."""

import sqlalchemy as sa

from trunkline.db.schema.base import sealed, table
from trunkline.db.types import UtcTime

provider_credentials = table(
    "provider_credentials",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider", sa.String(64), nullable=False),
    sealed("credentials_encrypted", nullable=False),
    sa.Column("status", sa.String(32), nullable=False),  # see CredentialsStatus
    sa.Column("verified_at", UtcTime),  # when the provider last took them
    sa.Column("version", sa.Integer, nullable=False),  # grows with each change of what is in force
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "connection"),
)

connection_secrets = table(
    "connection_secrets",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sealed("secret", nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "connection", "name"),
)
