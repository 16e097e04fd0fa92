"""Keys that make a repeated send the same send: given by the caller, or derived by the hub."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.messages.content import Form
from trunkline.core.messages.models import SendMessage, Status
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import IdempotencyConflict
from trunkline.db.hot import Hot, Question, question
from trunkline.db.schema import idempotency_keys, messages
from trunkline.sdk import Tx

GIVEN_FOR: Final = timedelta(hours=72)
"""How long a caller's key is remembered."""
_VOID: Final = frozenset({Status.FAILED, Status.BLOCKED, Status.RATE_LIMITED, Status.CANCELED})
"""A derived key no longer counts once its message ended like this."""

Bound: TypeAlias = tuple[Any, ...]
"""A key's content hash, its message, when it expires, and the message's status."""

_FIND = Hot(
    sa.select(
        idempotency_keys.c.content_hash,
        idempotency_keys.c.message_id,
        idempotency_keys.c.expires_at,
        messages.c.status,
    )
    .join(
        messages,
        sa.and_(
            messages.c.workspace_id == idempotency_keys.c.workspace_id,
            messages.c.id == idempotency_keys.c.message_id,
        ),
    )
    .where(
        idempotency_keys.c.workspace_id == sa.bindparam("workspace_id"),
        idempotency_keys.c.agent_id == sa.bindparam("agent_id"),
        idempotency_keys.c.key_hash == sa.bindparam("key_hash"),
    )
)
_WROTE_SINCE = Hot(
    sa.select(messages.c.id)
    .where(
        messages.c.workspace_id == sa.bindparam("workspace_id"),
        messages.c.agent_id == sa.bindparam("agent_id"),
        messages.c.id > sa.bindparam("message_id"),
        messages.c.direction == "inbound",
        sa.or_(
            messages.c.from_address == sa.bindparam("recipient"),
            sa.func.lower(messages.c.from_address) == sa.bindparam("folded"),
        ),
    )
    .limit(1)
)
_ADD = Hot(sa.insert(idempotency_keys))
_FREE_KEY = Hot(
    sa.delete(idempotency_keys).where(
        idempotency_keys.c.workspace_id == sa.bindparam("workspace_id"),
        idempotency_keys.c.agent_id == sa.bindparam("agent_id"),
        idempotency_keys.c.key_hash == sa.bindparam("key_hash"),
        idempotency_keys.c.message_id == sa.bindparam("message_id"),
    )
)
_FREE_MESSAGE = Hot(
    sa.delete(idempotency_keys).where(
        idempotency_keys.c.workspace_id == sa.bindparam("workspace_id"),
        idempotency_keys.c.message_id == sa.bindparam("message_id"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """
    The key of one send.

    Attributes:
        given: True for a caller's key, False for a derived one.
        hash, content_hash: Keyed hashes; neither the key nor the content is stored.
        recipient: A reply from here makes a derived key void.
        lasts: For how long it is remembered; zero means that there is no key at all.
    """

    agent_id: str
    given: bool
    hash: bytes
    content_hash: bytes
    recipient: str
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The message that a key was bound to; `counts` tells whether the key still stands for it."""

    message_id: str
    counts: bool


def key_of(
    keys: Keys, agent_id: str, command: SendMessage, recipient: str, *, window_s: int
) -> Key:
    """Return the key of a send; without a given one it is derived and lasts `window_s` seconds."""
    content = keys.digest(
        Purpose.PSEUDONYMS,
        "content",
        command.channel,
        canonical(recipient),
        command.content.body,
        command.reply_to or "",
        *([command.send_at.isoformat()] if command.send_at else []),
        *command.content.media_urls,
        *([command.content.packed()] if command.content.form is not Form.PLAIN else []),
        *([f"class={command.message_class.value}"] if command.message_class else []),
    )
    given = command.idempotency_key
    parts = ("given", agent_id, given) if given else ("derived", agent_id, content.hex())
    return Key(
        agent_id=agent_id,
        given=given is not None,
        hash=keys.digest(Purpose.PSEUDONYMS, *parts),
        content_hash=content,
        recipient=recipient,
        lasts=GIVEN_FOR if given else timedelta(seconds=window_s),
    )


def bound(workspace_id: str, key: Key) -> Question[Bound | None]:
    """Ask what a key is bound to; `first_of` tells what that means."""
    wanted = {"workspace_id": workspace_id, "agent_id": key.agent_id, "key_hash": key.hash}
    return question(_FIND, wanted, lambda rows: rows[0] if rows else None)


def first_of(
    tx: Tx, workspace_id: str, key: Key, bound: Bound | None, now: datetime
) -> First | None:
    """
    Return the message that a key stands for, by what it is bound to, or None if it is free.

    Raises:
        IdempotencyConflict: The key is given and stands for other content.
    """
    if bound is None:
        return None
    content_hash, message_id, expires_at, status = bound
    if expires_at <= now:
        return First(message_id=message_id, counts=False)
    if key.given:
        if bytes(content_hash) != key.content_hash:
            raise IdempotencyConflict("message", message_id)
        return First(message_id=message_id, counts=True)
    replied = _WROTE_SINCE(
        tx,
        {
            "workspace_id": workspace_id,
            "agent_id": key.agent_id,
            "message_id": message_id,
            "recipient": key.recipient,
            "folded": key.recipient.lower() if "@" in key.recipient else key.recipient,
        },
    )
    return First(message_id=message_id, counts=not replied and Status(status) not in _VOID)


def bind(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    key: Key,
    message_id: str,
    now: datetime,
    *,
    instead_of: First | None,
) -> None:
    """
    Let `key` stand for a message, in place of the one that `first_of` told of.

    What another hub bound in between stays, and the database raises IntegrityError.
    """
    if not key.lasts:
        return
    scope = {"workspace_id": workspace_id, "agent_id": key.agent_id, "key_hash": key.hash}
    if instead_of is not None:
        _FREE_KEY.put(tx, {**scope, "message_id": instead_of.message_id})
    _ADD.put(
        tx,
        {
            **scope,
            "id": row_id,
            "created_at": now,
            "content_hash": key.content_hash,
            "message_id": message_id,
            "expires_at": now + key.lasts,
        },
    )


def free(tx: Tx, workspace_id: str, message_id: str) -> None:
    """Forget the key of a message that surely was not sent."""
    _FREE_MESSAGE.put(tx, {"workspace_id": workspace_id, "message_id": message_id})


def sweep(tx: Tx, now: datetime) -> int:
    """Forget keys past their time, at most 500 a call, and return how many."""
    overdue = (
        sa.select(idempotency_keys.c.id).where(idempotency_keys.c.expires_at <= now).limit(500)
    )
    return tx.execute(
        sa.delete(idempotency_keys).where(idempotency_keys.c.id.in_(overdue))
    ).rowcount
