"""Which message of its agent an inbound one answers: by what it quotes, if that is believable."""

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.inbound.seeing import Seen
from trunkline.core.messages import repository
from trunkline.core.messages.models import Direction, Message
from trunkline.db.schema import messages
from trunkline.sdk import Tx


def answered(
    tx: Tx, workspace_id: str, agent_id: str, connection: str, event: Seen
) -> Message | None:
    """
    Return the message that is answered, or None.

    What a mail says that it follows anybody can write: it counts only of a thread that its sender
    has a part in. Elsewhere the provider says what is quoted.
    """
    if event.quoted_id is not None:
        quoted = repository.find_by_external_id(tx, workspace_id, connection, event.quoted_id)
        return quoted if quoted is not None and quoted.agent_id == agent_id else None
    for ref in reversed(event.follows):
        found = tx.execute(
            sa.select(*repository.COLUMNS)
            .where(
                messages.c.workspace_id == workspace_id,
                messages.c.ref == ref,
                messages.c.agent_id == agent_id,
            )
            .order_by(messages.c.id)
            .limit(1)
        ).first()
        message = repository.to_message(tuple(found)) if found else None
        if message is not None and _takes_part(message, event.sender):
            return message
    return None


def _takes_part(message: Message, sender: str) -> bool:
    inbound = message.direction is Direction.INBOUND
    other = message.from_address if inbound else message.to_address
    return canonical(other) == canonical(sender)
