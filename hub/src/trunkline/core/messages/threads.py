"""What a message refers to on its channel: the mails before it, or the message that it quotes."""

from typing import Final

import sqlalchemy as sa

from trunkline.core.messages import repository
from trunkline.core.messages.models import Message
from trunkline.db.schema import messages
from trunkline.sdk import Tx

_MOST: Final = 20
"""References of one mail: its thread's first, and the last before it (RFC 5322 §3.6.4)."""

_LONGEST_REF: Final = 998
"""Characters of a line of a header (RFC 5322 §2.1.1)."""


def note_ref(tx: Tx, workspace_id: str, message: Message, told: object) -> None:
    """Note what a provider calls a message on its channel, if that is a name and not the hub's."""
    if not isinstance(told, str) or not 0 < len(told) <= _LONGEST_REF:
        return
    if told.isprintable() and " " not in told and told not in (message.ref, message.vendor_ref):
        repository.set_values(tx, workspace_id, message.id, vendor_ref=told)


def references(tx: Tx, workspace_id: str, message: Message) -> tuple[str, ...]:
    """Return what the messages up to the one that is answered are called, oldest first."""
    if message.reply_to is None:
        return ()
    answered = repository.find_message(tx, workspace_id, message.reply_to)
    if message.thread is None:
        is_known = answered is not None and answered.connection == message.connection
        return (answered.external_id,) if answered and is_known and answered.external_id else ()
    before = (
        sa.select(messages.c.ref, messages.c.vendor_ref)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.thread == message.thread,
            messages.c.id <= message.reply_to,
            messages.c.ref.is_not(None),
        )
        .order_by(messages.c.id)
    )
    ours = [str(ref) for row in tx.execute(before) for ref in row if ref is not None]
    # Whoever is answered may have had mails of the conversation that the hub never saw.
    theirs = (answered.follows or "").splitlines() if answered else []
    found = _in_order(theirs, ours)
    return tuple(found if len(found) <= _MOST else [found[0], *found[1 - _MOST :]])


def _in_order(theirs: list[str], ours: list[str]) -> list[str]:
    """Return what a mail refers to and what the hub has of its thread, each once, oldest first."""
    at = next((at for at, each in enumerate(theirs) if each in ours), None)
    if at is not None:  # some programs name the last mails only: those before it come before it
        theirs = [*theirs[:at], *ours[: ours.index(theirs[at])], *theirs[at:]]
    last = ours[-1:]  # the one that is answered
    return [*dict.fromkeys(each for each in (*theirs, *ours) if each not in last), *last]
