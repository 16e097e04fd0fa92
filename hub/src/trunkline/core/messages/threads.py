"""What a message refers to on its channel: the mails before it, or the message that it quotes."""

from typing import Final

import sqlalchemy as sa

from trunkline.core.messages import repository
from trunkline.core.messages.models import Message
from trunkline.db.schema import messages
from trunkline.sdk import Tx

_MOST: Final = 20
"""References of one mail: its thread's first, and the last before it (RFC 5322 §3.6.4)."""


def references(tx: Tx, workspace_id: str, message: Message) -> tuple[str, ...]:
    """Return what the messages up to the one that is answered are called, oldest first."""
    if message.reply_to is None:
        return ()
    if message.thread is None:
        answered = repository.find_message(tx, workspace_id, message.reply_to)
        is_known = answered is not None and answered.connection == message.connection
        return (answered.external_id,) if answered and is_known and answered.external_id else ()
    before = (
        sa.select(messages.c.ref)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.thread == message.thread,
            messages.c.id <= message.reply_to,
            messages.c.ref.is_not(None),
        )
        .order_by(messages.c.id)
    )
    found = list(dict.fromkeys(str(ref) for ref in tx.execute(before).scalars()))
    return tuple(found if len(found) <= _MOST else [found[0], *found[1 - _MOST :]])
