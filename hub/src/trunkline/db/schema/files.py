"""Media: what goes with messages; their bytes lie, encrypted, in a storage."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

media = table(
    "media",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64)),  # null: the agent's own, for any of its messages
    sa.Column("position", sa.Integer, nullable=False),  # among those of its message
    sa.Column("direction", sa.String(8), nullable=False),  # inbound | outbound
    sa.Column("state", sa.String(8), nullable=False),  # pending | stored | failed | gone
    sa.Column("content_type", sa.String(128)),
    sa.Column("length", sa.BigInteger),  # bytes, in the clear
    sa.Column("duration_ms", sa.Integer),
    sa.Column("reason", sa.Text),  # why it failed
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),  # at fetching it
    sa.Column("connection", sa.String(64)),  # the storage that has its object; null: there is none
    sa.Column("object", sa.String(256)),  # the key of the object there
    sa.Column("sealed", sa.LargeBinary),  # its key, name and hash, encrypted for its contact
    sa.Column("source", sa.LargeBinary),  # where its provider has it, encrypted likewise
    index_where("message_id IS NOT NULL", "ix_media_message", "workspace_id", "message_id"),
    index_where("state <> 'gone'", "ix_media_expires", "expires_at"),
    sa.Index("ix_media_object", "workspace_id", "object"),
)
