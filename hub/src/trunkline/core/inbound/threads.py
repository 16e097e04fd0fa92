"""Which conversation an inbound message belongs to, as far as that is believable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.inbound.seeing import Seen
from trunkline.core.messages import repository
from trunkline.core.messages.models import Direction, Message
from trunkline.db.schema import messages
from trunkline.sdk import Tx

_MOST_NAMESAKES: Final = 5
"""Of the messages with one id, which a device may give to all of its mails."""

FOREIGN: Final = (
    "It says that it answers a mail of another conversation, in which its sender has no part."
)
CAME_BACK: Final = "It is a mail of this agent's own that came back: somebody forwards in a circle."
OWN_ADDRESS: Final = (
    "It names this agent's own address as its sender: a mail that came back, or a forged one."
)
NEW_HERE: Final = "Its sender had no part in this conversation: it came to the reply address."


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """
    Where a message belongs.

    Attributes:
        answered: The message that it answers, and whose thread it is in; None: a thread of its own.
        warning: What is to be told of that.
        is_own: The agent's own mail has come back to it.
    """

    answered: Message | None = None
    warning: str | None = None
    is_own: bool = False


def filed(
    tx: Tx,
    workspace_id: str,
    agent_id: str,
    connection: str,
    event: Seen,
    pseudonym: str | None,
    token_thread: str | None,
    subject_of: Callable[[Message], str | None],
) -> Filed:
    """
    Return where a message belongs.

    What a mail says that it follows anybody can write: it counts only of a thread that its sender
    has a part in, or where the mail came to that thread's own reply address. Elsewhere the provider
    says what is quoted.

    Args:
        pseudonym: Of its sender's address.
        token_thread: The thread whose reply address it came to.
        subject_of: What the subject of a message is; None where that is gone.
    """
    if event.quoted_id is not None:
        quoted = repository.find_by_external_id(tx, workspace_id, connection, event.quoted_id)
        mine = quoted is not None and quoted.agent_id == agent_id
        return Filed(answered=quoted if mine else None)
    if event.ref is not None:
        for namesake in _called(tx, workspace_id, agent_id, event.ref)[:1]:
            if namesake.direction is Direction.OUTBOUND:
                return Filed(answered=namesake, warning=CAME_BACK, is_own=True)
    if token_thread is not None:
        last = _last_written(tx, workspace_id, agent_id, token_thread)
        if last is not None:
            known = _participants(tx, workspace_id, token_thread, event.sender, pseudonym)
            is_new = canonical(event.sender) not in known
            return Filed(answered=last, warning=NEW_HERE if is_new else None)
    return (
        _by_references(tx, workspace_id, agent_id, event, pseudonym, subject_of)
        if event.follows
        else Filed()
    )


def _by_references(
    tx: Tx,
    workspace_id: str,
    agent_id: str,
    event: Seen,
    pseudonym: str | None,
    subject_of: Callable[[Message], str | None],
) -> Filed:
    from trunkline.sdk.mail.threads import (  # of no use to texts
        Claim,
        Conversation,
        ancestors,
        claim,
    )

    warning: str | None = None
    for named in ancestors(event.ref, event.in_reply_to, event.follows):
        for message in _called(tx, workspace_id, agent_id, named):
            subject = subject_of(message)
            if subject is None:  # it is gone: then who writes decides alone
                subject = event.content.subject
            tie = claim(
                sender=canonical(event.sender),
                subject=event.content.subject,
                named=named,
                in_reply_to=event.in_reply_to,
                conversation=Conversation(
                    participants=_participants(
                        tx, workspace_id, message.thread or message.id, event.sender, pseudonym
                    ),
                    subject=subject,
                ),
            )
            if tie is Claim.PARTICIPANT:
                return Filed(answered=message)
            if tie is Claim.UNPROVEN:
                warning = FOREIGN
    return Filed(warning=warning)


def _called(tx: Tx, workspace_id: str, agent_id: str, ref: str) -> list[Message]:
    """Return the messages that are called so, those that the agent wrote first."""
    found = tx.execute(
        sa.select(*repository.COLUMNS)
        .where(
            messages.c.workspace_id == workspace_id,
            sa.or_(messages.c.ref == ref, messages.c.vendor_ref == ref),
            messages.c.agent_id == agent_id,
        )
        .order_by(messages.c.direction.desc(), messages.c.id.desc())
        .limit(_MOST_NAMESAKES)
    )
    return [repository.to_message(tuple(row)) for row in found]


def _last_written(tx: Tx, workspace_id: str, agent_id: str, thread: str) -> Message | None:
    """Return the last message that the agent wrote in a thread."""
    found = tx.execute(
        sa.select(*repository.COLUMNS)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.thread == thread,
            messages.c.agent_id == agent_id,
            messages.c.direction == Direction.OUTBOUND.value,
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).first()
    return repository.to_message(tuple(found)) if found else None


def _participants(
    tx: Tx, workspace_id: str, thread: str, sender: str, pseudonym: str | None
) -> frozenset[str]:
    """Return everybody who wrote or was written to in a thread, and `sender` if they had a copy."""
    rows = tx.execute(
        sa.select(
            messages.c.direction,
            messages.c.from_address,
            messages.c.to_address,
            messages.c.copies,
        )
        .distinct()
        .where(messages.c.workspace_id == workspace_id, messages.c.thread == thread)
    )
    found = set[str]()
    for row in rows:
        inbound = row.direction == Direction.INBOUND.value
        found.add(canonical(row.from_address if inbound else row.to_address))
        if pseudonym in (row.copies or "").split():
            found.add(canonical(sender))
    return frozenset(found)
