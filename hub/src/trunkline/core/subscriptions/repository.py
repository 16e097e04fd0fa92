"""All SQL of subscriptions and of occurrences."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.messages.repository import is_among
from trunkline.core.subscriptions.models import (
    EventName,
    Occurrence,
    OccurrenceState,
    Standing,
    Subscription,
    Wanted,
)
from trunkline.db.hot import Hot
from trunkline.db.schema import agent_tokens, messages, occurrences, subscriptions
from trunkline.sdk import Tx

_OPEN: Final = (OccurrenceState.SETTLING.value, OccurrenceState.WAITING.value)


def _of_living_token(now: sa.ColumnElement[Any] | datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a subscription's token is good then."""
    return sa.and_(
        agent_tokens.c.workspace_id == subscriptions.c.workspace_id,
        agent_tokens.c.kid == subscriptions.c.kid,
        agent_tokens.c.revoked_at.is_(None),
        sa.or_(agent_tokens.c.expires_at.is_(None), agent_tokens.c.expires_at > now),
    )


_WANTING = Hot(
    sa.select(subscriptions.c.id, subscriptions.c.channel, subscriptions.c.status)
    .join(agent_tokens, _of_living_token(sa.bindparam("now")))
    .where(
        subscriptions.c.workspace_id == sa.bindparam("workspace_id"),
        subscriptions.c.agent_id == sa.bindparam("agent_id"),
        subscriptions.c.event == sa.bindparam("event"),
        subscriptions.c.expires_at > sa.bindparam("now"),
    )
)
_ADD = Hot(sa.insert(occurrences))


# --- subscriptions --------------------------------------------------------------------------------


def find_living(
    tx: Tx, workspace_id: str, subscription_id: str, now: datetime
) -> Subscription | None:
    """Return a subscription that has not expired and whose token was not revoked."""
    living = _living(workspace_id, now).where(subscriptions.c.id == subscription_id)
    row = tx.execute(living).first()
    return _subscription(row) if row else None


def of_token(tx: Tx, workspace_id: str, kid: str, now: datetime) -> list[Subscription]:
    """Return the living subscriptions of a token."""
    living = _living(workspace_id, now).where(subscriptions.c.kid == kid)
    return [_subscription(row) for row in tx.execute(living)]


def newest(tx: Tx, workspace_id: str, limit: int, now: datetime) -> list[Standing]:
    """Return living subscriptions and how each stands, newest first."""
    living = _living(workspace_id, now).order_by(subscriptions.c.created_at.desc()).limit(limit)
    return [_standing(tx, workspace_id, _subscription(row)) for row in tx.execute(living).all()]


def _standing(tx: Tx, workspace_id: str, subscription: Subscription) -> Standing:
    its = sa.and_(
        occurrences.c.workspace_id == workspace_id,
        occurrences.c.subscription_id == subscription.id,
    )
    failed = (
        sa.select(occurrences.c.reason)
        .where(its, occurrences.c.reason.is_not(None))
        .order_by(occurrences.c.id.desc())
    )
    on_their_way = sa.select(sa.func.count()).where(its, occurrences.c.finished_at.is_(None))
    return Standing(
        subscription=subscription,
        waiting=tx.execute(on_their_way).scalar() or 0,
        reason=tx.execute(failed.limit(1)).scalar(),
    )


def put(tx: Tx, workspace_id: str, given: Subscription) -> None:
    """Insert a subscription, or set it anew."""
    wanted = asdict(given.wanted)
    values = {
        "created_at": given.created_at,
        "kid": given.kid,
        **wanted,
        "event": given.wanted.event.value,
        "secret": given.secret,
        "previous_secret": given.previous_secret,
        "previous_until": given.previous_until,
        "expires_at": given.expires_at,
    }
    known = sa.update(subscriptions).where(_of(workspace_id, given.id)).values(**values)
    if not tx.execute(known).rowcount:
        row = sa.insert(subscriptions).values(id=given.id, workspace_id=workspace_id, **values)
        tx.execute(row)


def end(tx: Tx, workspace_id: str, subscription_id: str, reason: str, now: datetime) -> bool:
    """Delete a subscription, and give up what is on its way; tell whether it was there."""
    tx.execute(
        sa.update(occurrences)
        .where(
            occurrences.c.workspace_id == workspace_id,
            occurrences.c.subscription_id == subscription_id,
            occurrences.c.state.in_(_OPEN),
        )
        .values(state=OccurrenceState.DEAD.value, reason=reason, finished_at=now)
    )
    ended = tx.execute(sa.delete(subscriptions).where(_of(workspace_id, subscription_id)))
    return ended.rowcount == 1


def sweep(tx: Tx, now: datetime) -> int:
    """Delete subscriptions that have expired or whose tokens were revoked; return how many."""
    revoked = (
        sa.select(subscriptions.c.id)
        .outerjoin(agent_tokens, _of_living_token(now))
        .where(agent_tokens.c.kid.is_(None))
        .params(now=now)
    )
    over = sa.or_(subscriptions.c.expires_at <= now, subscriptions.c.id.in_(revoked))
    return tx.execute(sa.delete(subscriptions).where(over)).rowcount


def wanting(
    tx: Tx, workspace_id: str, agent_id: str, event: EventName, now: datetime
) -> list[tuple[str, str | None, str | None]]:
    """Return the living subscriptions to an agent's event: id, channel and status of each."""
    values = {
        "workspace_id": workspace_id,
        "agent_id": agent_id,
        "event": event.value,
        "now": now,
    }
    return [(row[0], row[1], row[2]) for row in _WANTING(tx, values)]


# --- occurrences ----------------------------------------------------------------------------------


def add(tx: Tx, workspace_id: str, given: Occurrence) -> None:
    """Insert an occurrence."""
    row = asdict(given) | {"event": given.event.value, "state": given.state.value}
    _ADD(tx, {"workspace_id": workspace_id, "subject": None, **row})


def find_occurrence(tx: Tx, workspace_id: str, occurrence_id: str) -> Occurrence | None:
    """Return an occurrence by the event's id."""
    statement = sa.select(occurrences).where(_one(workspace_id, occurrence_id))
    row = tx.execute(statement).first()
    return _occurrence(row) if row else None


def find_settling(
    tx: Tx, workspace_id: str, subscription_id: str, from_address: str
) -> Occurrence | None:
    """Return the occurrence that more messages from an address still join."""
    statement = (
        sa.select(occurrences)
        .join(
            messages,
            sa.and_(
                messages.c.workspace_id == occurrences.c.workspace_id,
                messages.c.id == occurrences.c.message_id,
            ),
        )
        .where(
            occurrences.c.workspace_id == workspace_id,
            occurrences.c.subscription_id == subscription_id,
            occurrences.c.state == OccurrenceState.SETTLING.value,
            is_among(messages.c.from_address, (from_address,)),
        )
        .order_by(occurrences.c.id.desc())
    )
    row = tx.execute(statement).first()
    return _occurrence(row) if row else None


def join(
    tx: Tx, workspace_id: str, occurrence_id: str, message_id: str, occurred_at: datetime
) -> bool:
    """Let an occurrence name a further message; False if it settled meanwhile."""
    return _change(
        tx,
        workspace_id,
        occurrence_id,
        [OccurrenceState.SETTLING],
        message_id=message_id,
        size=occurrences.c.size + 1,
        occurred_at=occurred_at,
    )


def settle(tx: Tx, workspace_id: str, occurrence_id: str) -> None:
    """Let nothing join an occurrence any more."""
    waiting = OccurrenceState.WAITING.value
    _change(tx, workspace_id, occurrence_id, [OccurrenceState.SETTLING], state=waiting)


def end_try(
    tx: Tx,
    workspace_id: str,
    occurrence_id: str,
    state: OccurrenceState,
    reason: str | None,
    now: datetime,
) -> bool:
    """Note what a try came to, and how the occurrence stands; False if it was over before."""
    return _change(
        tx,
        workspace_id,
        occurrence_id,
        [OccurrenceState.SETTLING, OccurrenceState.WAITING],
        state=state.value,
        reason=reason,
        tries=occurrences.c.tries + 1,
        finished_at=None if state is OccurrenceState.WAITING else now,
    )


def _change(
    tx: Tx,
    workspace_id: str,
    occurrence_id: str,
    states: Sequence[OccurrenceState],
    **values: Any,
) -> bool:
    statement = (
        sa.update(occurrences)
        .where(_one(workspace_id, occurrence_id), occurrences.c.state.in_(states))
        .values(**values)
    )
    return tx.execute(statement).rowcount == 1


def _of(workspace_id: str, subscription_id: str) -> sa.ColumnElement[bool]:
    mine = subscriptions.c.workspace_id == workspace_id
    return sa.and_(mine, subscriptions.c.id == subscription_id)


def _one(workspace_id: str, occurrence_id: str) -> sa.ColumnElement[bool]:
    mine = occurrences.c.workspace_id == workspace_id
    return sa.and_(mine, occurrences.c.id == occurrence_id)


def _living(workspace_id: str, now: datetime) -> sa.Select[Any]:
    return (
        sa.select(subscriptions)
        .join(agent_tokens, _of_living_token(now))
        .where(subscriptions.c.workspace_id == workspace_id, subscriptions.c.expires_at > now)
        .params(now=now)
    )


def _subscription(row: sa.Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        created_at=row.created_at,
        kid=row.kid,
        wanted=Wanted(
            event=EventName(row.event),
            agent_id=row.agent_id,
            channel=row.channel,
            status=row.status,
            url=row.url,
        ),
        secret=row.secret,
        previous_secret=row.previous_secret,
        previous_until=row.previous_until,
        expires_at=row.expires_at,
    )


def _occurrence(row: sa.Row[Any]) -> Occurrence:
    return Occurrence(
        id=row.id,
        created_at=row.created_at,
        subscription_id=row.subscription_id,
        event=EventName(row.event),
        agent_id=row.agent_id,
        message_id=row.message_id,
        size=row.size,
        status=row.status,
        state=OccurrenceState(row.state),
        tries=row.tries,
        reason=row.reason,
        occurred_at=row.occurred_at,
        deadline_at=row.deadline_at,
        finished_at=row.finished_at,
        subject=row.subject,
    )
