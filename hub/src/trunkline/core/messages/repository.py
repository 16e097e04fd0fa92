"""All SQL of messages, their attempts and their history."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from trunkline.core.messages.content import Form
from trunkline.core.messages.models import (
    MOVES,
    TAKEN_BACK,
    BodyState,
    Direction,
    Flag,
    Message,
    Status,
)
from trunkline.db.hot import Hot
from trunkline.db.schema import message_attempts, messages
from trunkline.db.types import earliest_id
from trunkline.sdk import MessageClass, Tx

_COLUMN_OF = {
    field.name: {"cost_micros": "cost"}.get(field.name, field.name) for field in fields(Message)
}
"""The column that each field of a message lies in."""

COLUMNS = tuple(messages.c[name] for name in _COLUMN_OF.values())
"""What `to_message` reads, in its order."""

_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "direction": Direction,
    "body_state": BodyState,
    "status": Status,
    "flag": Flag,
    **dict.fromkeys(("automatic", "cost_final", "simulated", "duplicated"), bool),
    "content_form": Form,
    "message_class": lambda name: None if name is None else MessageClass(name),
}
_READ = tuple((name, _KINDS.get(name)) for name in _COLUMN_OF)
"""Each field, and what makes its value of the column's, if that is not the value itself."""

_ADD = Hot(sa.insert(messages))
_FIND = Hot(
    sa.select(*COLUMNS).where(
        messages.c.workspace_id == sa.bindparam("workspace_id"),
        messages.c.id == sa.bindparam("message_id"),
    )
)
_BY_EXTERNAL_ID = Hot(
    sa.select(*COLUMNS).where(
        messages.c.workspace_id == sa.bindparam("workspace_id"),
        messages.c.connection == sa.bindparam("connection"),
        messages.c.external_id == sa.bindparam("external_id"),
        messages.c.direction == Direction.OUTBOUND.value,
    )
)
_BY_ATTEMPT = Hot(
    sa.select(*COLUMNS, message_attempts.c.number, message_attempts.c.connection)
    .join(
        message_attempts,
        sa.and_(
            message_attempts.c.workspace_id == messages.c.workspace_id,
            message_attempts.c.message_id == messages.c.id,
        ),
    )
    .where(
        message_attempts.c.workspace_id == sa.bindparam("workspace_id"),
        message_attempts.c.id == sa.bindparam("attempt_id"),
    )
)


def _reachable(
    target: Status, sources: frozenset[Status], is_reported: bool
) -> sa.ColumnElement[bool]:
    """Tell whether a message stands where it may get to a status from."""
    stands = [messages.c.status == source.value for source in sorted(sources)]
    for channel, more in TAKEN_BACK.get(target, {}).items() if is_reported else ():
        stands += [
            sa.and_(messages.c.channel == channel.value, messages.c.status == each.value)
            for each in sorted(more)
        ]
    return sa.or_(*stands)


_MOVE = {
    (target, shreds, is_reported): Hot(
        sa.update(messages)
        .where(
            messages.c.workspace_id == sa.bindparam("of_workspace"),
            messages.c.id == sa.bindparam("message_id"),
            _reachable(target, sources, is_reported),
        )
        .values(status=target.value, updated_at=sa.bindparam("now"), flag=None)
        .values({"body_state": BodyState.SHREDDED.value} if shreds else {})
    )
    for target, sources in MOVES.items()
    for shreds in (False, True)
    for is_reported in (False, True)
}
_RECEIPT = Hot(
    sa.update(messages)
    .where(
        messages.c.workspace_id == sa.bindparam("of_workspace"),
        messages.c.id == sa.bindparam("message_id"),
        messages.c.connection == sa.bindparam("of_connection"),
    )
    .values(external_id=sa.bindparam("provider_id"))
)

_TAKEN = Hot(
    sa.update(messages)
    .where(
        messages.c.workspace_id == sa.bindparam("of_workspace"),
        messages.c.id == sa.bindparam("message_id"),
        messages.c.status == Status.SENDING.value,
        messages.c.connection == sa.bindparam("of_connection"),
        messages.c.attempts == sa.bindparam("of_attempt"),
    )
    .values(
        status=Status.SENT.value,
        updated_at=sa.bindparam("now"),
        flag=None,
        external_id=sa.bindparam("provider_id"),
    )
)


def to_message(row: Sequence[Any]) -> Message:
    """Return the message that `COLUMNS` of a row describe."""
    return Message(
        **{
            name: value if kind is None or value is None else kind(value)
            for (name, kind), value in zip(_READ, row, strict=False)
        }
    )


def add_message(
    tx: Tx,
    workspace_id: str,
    message: Message,
    *,
    body: bytes | None,
    body_until: datetime | None,
) -> None:
    """
    Insert a message and tell the listeners of ``messages``.

    `body` is ciphertext, and only of a text that is kept until `body_until`.
    """
    _ADD.put(
        tx,
        {
            "workspace_id": workspace_id,
            "updated_at": message.created_at,
            "body": body,
            "body_until": body_until,
            **{column: getattr(message, name) for name, column in _COLUMN_OF.items()},
        },
    )
    tx.notify("messages", message.id)


def find_message(tx: Tx, workspace_id: str, message_id: str) -> Message | None:
    """Return a message by its id."""
    rows = _FIND(tx, {"workspace_id": workspace_id, "message_id": message_id})
    return to_message(rows[0]) if rows else None


def hold_message(tx: Tx, workspace_id: str, message_id: str) -> None:
    """Let nobody else change a message until the transaction ends."""
    tx.execute(
        sa.select(messages.c.id)
        .where(messages.c.workspace_id == workspace_id, messages.c.id == message_id)
        .with_for_update()
    ).close()


def newest(
    tx: Tx, workspace_id: str, status: Status | None, limit: int, *, flagged: bool
) -> list[Message]:
    """Return the newest messages, of one status or of all, newest first."""
    wanted = sa.select(*COLUMNS).where(messages.c.workspace_id == workspace_id)
    if status is not None:
        wanted = wanted.where(messages.c.status == status.value)
    if flagged:
        wanted = wanted.where(messages.c.flag.is_not(None))
    found = tx.execute(wanted.order_by(messages.c.id.desc()).limit(limit))
    return [to_message(tuple(row)) for row in found]


def waiting(
    tx: Tx, workspace_id: str, agent_id: str, status: Status, rule: str | None, limit: int
) -> list[Message]:
    """Return an agent's messages that wait in a status, all or those by a rule, oldest first."""
    by_rule = () if rule is None else (messages.c.rule == rule,)
    statement = (
        sa.select(*COLUMNS)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.agent_id == agent_id,
            messages.c.due_at.is_not(None),  # as the index has it
            messages.c.status == status.value,
            *by_rule,
        )
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [to_message(tuple(row)) for row in tx.execute(statement)]


def kept_body(tx: Tx, workspace_id: str, message_id: str) -> bytes | None:
    """Return the ciphertext of a body that its owner keeps, or None once it is gone."""
    found: bytes | None = tx.execute(
        sa.select(messages.c.body).where(
            messages.c.workspace_id == workspace_id, messages.c.id == message_id
        )
    ).scalar()
    return found


def find_by_external_id(
    tx: Tx, workspace_id: str, connection: str, external_id: str
) -> Message | None:
    """Return the sent message that a provider knows by `external_id`."""
    rows = _BY_EXTERNAL_ID(
        tx,
        {"workspace_id": workspace_id, "connection": connection, "external_id": external_id},
    )
    return to_message(rows[0]) if rows else None


def is_among(column: sa.ColumnElement[str], addresses: Collection[str]) -> sa.ColumnElement[bool]:
    """Tell of a column whether it has one of some addresses; of mail's case does not count."""
    mails = {each.lower() for each in addresses if "@" in each}
    found = column.in_(addresses)
    return sa.or_(found, sa.func.lower(column).in_(mails)) if mails else found


def has_written(tx: Tx, workspace_id: str, agent_id: str, address: str) -> bool:
    """Tell whether `address` has written to an agent; all of the agent's messages are searched."""
    written = sa.select(messages.c.id).where(
        messages.c.workspace_id == workspace_id,
        messages.c.agent_id == agent_id,
        messages.c.direction == Direction.INBOUND.value,
        messages.c.from_address == address,
    )
    return tx.execute(written.limit(1)).first() is not None


def rivals(tx: Tx, workspace_id: str, message: Message, since: datetime) -> list[Message]:
    """
    Return the messages that a look-up may take for this one, oldest first, this one among them.

    They went the same way over the same connection `since` then, and nobody knows the provider's
    id of them.
    """
    tried = sa.select(message_attempts.c.message_id).where(
        message_attempts.c.workspace_id == workspace_id,
        message_attempts.c.id >= earliest_id("att", since),
    )
    statement = (
        sa.select(*COLUMNS)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.agent_id == message.agent_id,
            messages.c.id.in_(tried),
            messages.c.direction == Direction.OUTBOUND.value,
            messages.c.connection == message.connection,
            messages.c.from_address == message.from_address,
            is_among(messages.c.to_address, (message.to_address,)),
            messages.c.external_id.is_(None),
            messages.c.status.in_([Status.SENDING.value, Status.UNKNOWN.value, Status.SENT.value]),
        )
        .order_by(messages.c.id)
    )
    return [to_message(tuple(row)) for row in tx.execute(statement)]


def find_by_attempt(tx: Tx, workspace_id: str, attempt_id: str) -> tuple[Message, int, str] | None:
    """Return the message of an attempt, and the attempt's number and connection."""
    rows = _BY_ATTEMPT(tx, {"workspace_id": workspace_id, "attempt_id": attempt_id})
    return (to_message(rows[0]), rows[0][-2], rows[0][-1]) if rows else None


def move(
    tx: Tx,
    workspace_id: str,
    message_id: str,
    to: Status,
    now: datetime,
    *,
    shreds: bool,
    is_reported: bool,
) -> bool:
    """
    Move a message to a status if it may get there from where it is; tell whether it did.

    A provider that reports it may take back what it said before (`TAKEN_BACK`). With `shreds` the
    row says from then on that its text is gone.
    """
    moved = _MOVE[to, shreds, is_reported].rowcount(
        tx, {"of_workspace": workspace_id, "message_id": message_id, "now": now}
    )
    if moved:
        tx.notify("messages", message_id)
    return moved == 1


def take(tx: Tx, workspace_id: str, message: Message, external_id: str, now: datetime) -> Message:
    """
    Note that a provider took a message that is still as its newest attempt was begun with.

    Raises:
        Overtaken: It is not: somebody has told of it meanwhile, or given it up.
    """
    values = {
        "of_workspace": workspace_id,
        "message_id": message.id,
        "of_connection": message.connection,
        "of_attempt": message.attempts,
        "provider_id": external_id,
        "now": now,
    }
    _TAKEN.put(tx, values, must=True)
    tx.notify("messages", message.id)
    return replace(message, status=Status.SENT, flag=None, due_at=None, external_id=external_id)


def set_external_id(
    tx: Tx, workspace_id: str, message_id: str, connection: str, external_id: str
) -> None:
    """Note the provider's id of a message, unless it has become another connection's."""
    _RECEIPT.put(
        tx,
        {
            "of_workspace": workspace_id,
            "message_id": message_id,
            "of_connection": connection,
            "provider_id": external_id,
        },
    )


def set_values(tx: Tx, workspace_id: str, message_id: str, **values: Any) -> None:
    """Set further columns of a message, such as cost, reason or acknowledged_at."""
    _setting(tuple(values)).put(
        tx,
        {"of_workspace": workspace_id, "message_id": message_id}
        | {f"new_{name}": value for name, value in values.items()},
    )


@cache
def _setting(names: tuple[str, ...]) -> Hot:
    return Hot(
        sa.update(messages)
        .where(
            messages.c.workspace_id == sa.bindparam("of_workspace"),
            messages.c.id == sa.bindparam("message_id"),
        )
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )


def distrust(tx: Tx, now: datetime, reason: str) -> list[tuple[str, str]]:
    """
    Call unknown, and flag, whatever is under way or due; return (workspace, message) of each.

    A queued or held message may become unknown in no other way.
    """
    under_way = (Status.SENDING.value, Status.UNKNOWN.value)
    due = sa.and_(
        messages.c.status.in_((Status.QUEUED.value, Status.HELD.value)),
        sa.func.coalesce(messages.c.due_at, messages.c.created_at) <= now,
    )
    found = tx.execute(
        sa.select(messages.c.workspace_id, messages.c.id).where(
            messages.c.direction == Direction.OUTBOUND.value,
            sa.or_(messages.c.status.in_(under_way), due),
        )
    ).all()
    for row in found:
        set_values(
            tx,
            row.workspace_id,
            row.id,
            status=Status.UNKNOWN.value,
            updated_at=now,
            due_at=None,
            flag=Flag.UNKNOWN.value,
            reason=reason,
        )
        tx.notify("messages", row.id)
    return [(row.workspace_id, row.id) for row in found]
