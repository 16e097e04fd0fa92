"""How far agents and other programs have answered one another."""

import sqlalchemy as sa

from trunkline.db.schema.base import table
from trunkline.db.types import UtcTime

answer_chains = table(  # of an agent, with an address at which a program answers
    "answer_chains",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("address", sa.Text, nullable=False),  # canonical
    sa.Column("heard", sa.Integer, nullable=False),  # hops of what came last; 0: nothing yet
    sa.Column("heard_id", sa.String(64), nullable=False),  # older messages do not end it
    sa.Column("said", sa.Integer, nullable=False),  # hops of what went out last
    sa.Column("moved_at", UtcTime, nullable=False),  # of either
    sa.Column("answers", sa.Integer, nullable=False),  # that went out since `counted_from`
    sa.Column("counted_from", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel", "address"),
)
