"""All SQL of what was tried with a message and what was learnt about it: attempts and history."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from trunkline.core.messages.models import (
    AttemptEntry,
    Evidence,
    HistoryEntry,
    Message,
    Source,
    Status,
)
from trunkline.db.hot import Hot
from trunkline.db.schema import message_attempts, message_history, messages
from trunkline.sdk import Tx

_ADD_ATTEMPT = Hot(sa.insert(message_attempts))
_END_ATTEMPT = Hot(
    sa.update(message_attempts)
    .where(
        message_attempts.c.workspace_id == sa.bindparam("of_workspace"),
        message_attempts.c.id == sa.bindparam("attempt_id"),
    )
    .values(
        state=sa.bindparam("new_state"),
        external_id=sa.bindparam("provider_id"),
        provider_code=sa.bindparam("code"),
        finished_at=sa.bindparam("now"),
    )
)
_ADD_HISTORY = Hot(sa.insert(message_history))


def add_attempt(
    tx: Tx,
    workspace_id: str,
    attempt_id: str,
    message: Message,
    *,
    executor: str,
    now: datetime,
) -> None:
    """Insert the newest attempt of a message, as being made by `executor`."""
    _ADD_ATTEMPT.put(
        tx,
        {
            "id": attempt_id,
            "workspace_id": workspace_id,
            "created_at": now,
            "message_id": message.id,
            "number": message.attempts,
            "executor": executor,
            "state": "sending",
            "connection": message.connection,
            "external_id": None,
            "provider_code": None,
            "finished_at": None,
        },
    )


def end_attempt(
    tx: Tx,
    workspace_id: str,
    attempt_id: str,
    *,
    state: str,
    now: datetime,
    external_id: str | None = None,
    provider_code: str | None = None,
) -> None:
    """Note how an attempt ended: sent, failed or unknown."""
    _END_ATTEMPT.put(
        tx,
        {
            "of_workspace": workspace_id,
            "attempt_id": attempt_id,
            "new_state": state,
            "provider_id": external_id,
            "code": provider_code,
            "now": now,
        },
    )


def begun_at(tx: Tx, workspace_id: str, message_id: str) -> datetime | None:
    """Return when the newest attempt of a message began."""
    began: datetime | None = tx.execute(
        sa.select(sa.func.max(message_attempts.c.created_at)).where(
            message_attempts.c.workspace_id == workspace_id,
            message_attempts.c.message_id == message_id,
        )
    ).scalar()
    return began


def read_attempts(tx: Tx, workspace_id: str, message_id: str) -> list[AttemptEntry]:
    """Return every attempt at a message, oldest first."""
    statement = (
        sa.select(message_attempts)
        .where(
            message_attempts.c.workspace_id == workspace_id,
            message_attempts.c.message_id == message_id,
        )
        .order_by(message_attempts.c.number)
    )
    return [
        AttemptEntry(
            number=row.number,
            state=row.state,
            connection=row.connection,
            begun_at=row.created_at,
            finished_at=row.finished_at,
            external_id=row.external_id,
            provider_code=row.provider_code,
        )
        for row in tx.execute(statement)
    ]


def sent_between(tx: Tx, after: str, before: str, limit: int) -> list[tuple[str, str, str]]:
    """
    Return (attempt, workspace, message) of messages that are still `sent`, oldest attempt first.

    Of a message its newest attempt counts, which must lie between those ids.
    """
    statement = (
        sa.select(message_attempts.c.id, message_attempts.c.workspace_id, messages.c.id.label("of"))
        .join(
            messages,
            sa.and_(
                messages.c.workspace_id == message_attempts.c.workspace_id,
                messages.c.id == message_attempts.c.message_id,
                messages.c.attempts == message_attempts.c.number,
            ),
        )
        .where(
            message_attempts.c.id > after,
            message_attempts.c.id < before,
            messages.c.status == Status.SENT.value,
        )
        .order_by(message_attempts.c.id)
        .limit(limit)
    )
    return [(row.id, row.workspace_id, row.of) for row in tx.execute(statement)]


def unknown_since(tx: Tx, workspace_id: str, message_id: str) -> datetime | None:
    """Return when the first attempt at a message began whose outcome was not known at its end."""
    began: datetime | None = tx.execute(
        sa.select(sa.func.min(message_attempts.c.created_at)).where(
            message_attempts.c.workspace_id == workspace_id,
            message_attempts.c.message_id == message_id,
            message_attempts.c.state == "unknown",
        )
    ).scalar()
    return began


def leftover_attempts(tx: Tx, executor: str) -> list[tuple[str, str, str]]:
    """Return (workspace, attempt, message) of each attempt that `executor` has not ended."""
    return unended_attempts(tx, message_attempts.c.executor == executor)


def forgotten_attempts(
    tx: Tx, others: Collection[str], begun_before: datetime
) -> list[tuple[str, str, str]]:
    """Return the same of old attempts that none of the `others` makes."""
    return unended_attempts(
        tx,
        message_attempts.c.executor.not_in(others),
        message_attempts.c.created_at < begun_before,
    )


def unended_attempts(tx: Tx, *which: sa.ColumnElement[bool]) -> list[tuple[str, str, str]]:
    """Return (workspace, attempt, message) of the attempts that nobody has ended; all, or some."""
    statement = sa.select(
        message_attempts.c.workspace_id, message_attempts.c.id, message_attempts.c.message_id
    ).where(message_attempts.c.state == "sending", *which)
    return [(row.workspace_id, row.id, row.message_id) for row in tx.execute(statement)]


def add_history(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    message_id: str,
    status: str,
    evidence: Evidence,
    *,
    moved: bool,
    now: datetime,
) -> None:
    """Append to a message's history."""
    _ADD_HISTORY.put(
        tx,
        {
            "id": row_id,
            "workspace_id": workspace_id,
            "created_at": now,
            "message_id": message_id,
            "status": status,
            "source": evidence.source.value,
            "event_id": evidence.event_id,
            "vendor_status": evidence.vendor_status,
            "moved": moved,
        },
    )


def read_history(tx: Tx, workspace_id: str, message_id: str) -> list[HistoryEntry]:
    """Return a message's history, oldest first."""
    statement = (
        sa.select(message_history)
        .where(
            message_history.c.workspace_id == workspace_id,
            message_history.c.message_id == message_id,
        )
        .order_by(message_history.c.id)
    )
    return [
        HistoryEntry(
            status=row.status,
            at=row.created_at,
            source=Source(row.source),
            event_id=row.event_id,
            moved=row.moved,
        )
        for row in tx.execute(statement)
    ]
