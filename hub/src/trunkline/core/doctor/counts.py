"""The counts that must balance, and those of what waits for somebody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from trunkline.core.channels import CHANNELS
from trunkline.core.doctor.models import Finding, bad, look, ok
from trunkline.core.inbound.repository import RECORDING, EventState
from trunkline.core.messages.models import Direction, Status
from trunkline.db.schema import (
    connection_states,
    engine_jobs,
    forwards,
    inbound_events,
    messages,
)
from trunkline.sdk import Tx

OVERDUE: Final = timedelta(minutes=1)
BREAKS_OFF: Final = 3
"""So often in a row the work on a job has broken off that somebody should look."""
STUCK: Final = timedelta(minutes=10)
"""No attempt takes so long, whatever its provider does."""
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """
    What the tables hold, all as of one moment.

    Attributes:
        events, outbound, forwards: How many there are in each state.
        texts_handled, texts_in: Texts that were taken in, as events and as messages.
        flagged, examples: Messages that a person should look at; the ids of the newest.
        stuck, overdue: Sends and jobs that should have gone on long ago.
        resting: Connections that are asked nothing at the moment.
    """

    events: Mapping[str, int]
    texts_handled: int
    texts_in: int
    outbound: Mapping[str, int]
    flagged: int
    examples: tuple[str, ...]
    stuck: int
    overdue: int
    forwards: Mapping[str, int]
    resting: tuple[str, ...]


def count(tx: Tx, workspace_id: str, now: datetime) -> Counts:
    """Read the counts of a workspace."""

    def by(column: sa.Column[str], *which: sa.ColumnElement[bool]) -> dict[str, int]:
        table = column.table.c
        found = tx.execute(
            sa.select(column.label("word"), sa.func.count().label("number"))
            .where(table.workspace_id == workspace_id, *which)
            .group_by(column)
        )
        return {row.word: row.number for row in found}

    def number(column: sa.Column[str], *which: sa.ColumnElement[bool]) -> int:
        return sum(by(column, *which).values())

    event, message = inbound_events.c, messages.c
    outbound = message.direction == Direction.OUTBOUND.value
    handled = event.state == EventState.HANDLED.value
    stuck_since, overdue_since = now - STUCK, now - OVERDUE
    flagged = (
        sa.select(message.id)
        .where(message.workspace_id == workspace_id, message.flag.is_not(None))
        .order_by(message.id.desc())
    )
    resting = tx.execute(
        sa.select(connection_states.c.connection).where(
            connection_states.c.workspace_id == workspace_id,
            connection_states.c.open_until > now,
        )
    )
    return Counts(
        events=by(event.state),
        texts_handled=number(event.state, event.kind.in_((*CHANNELS, RECORDING)), handled),
        texts_in=number(message.channel, message.direction == Direction.INBOUND.value),
        outbound=by(message.status, outbound),
        flagged=number(message.channel, message.flag.is_not(None)),
        examples=tuple(tx.execute(flagged.limit(_EXAMPLES)).scalars()),
        stuck=number(
            message.channel,
            outbound,
            message.status == Status.SENDING.value,
            message.updated_at < stuck_since,
        ),
        overdue=number(
            engine_jobs.c.kind,
            engine_jobs.c.executor.is_(None),
            sa.or_(engine_jobs.c.due_at < overdue_since, engine_jobs.c.tries >= BREAKS_OFF),
        ),
        forwards=by(forwards.c.state),
        resting=tuple(sorted(name for (name,) in resting)),
    )


def findings(counts: Counts) -> Iterator[Finding]:
    """Say what the counts mean."""
    yield from _inbound(counts)
    yield from _outbound(counts)
    yield from _waiting(counts)


def _inbound(counts: Counts) -> Iterator[Finding]:
    received = sum(counts.events.values())
    ends = {state: counts.events.get(state.value, 0) for state in EventState}
    told = " + ".join(f"{state} {number}" for state, number in ends.items())
    if received != sum(ends.values()):
        yield bad(
            "inbound",
            f"received {received}, but {told}: {received - sum(ends.values())} events have no end. "
            "Report it with the hub's log.",
        )
    elif counts.texts_handled != counts.texts_in:
        yield bad(
            "inbound",
            f"{counts.texts_handled} texts were handled, but there are {counts.texts_in} messages. "
            "Somebody changed the tables, or report it with the hub's log.",
        )
    else:
        yield ok("inbound", f"received {received} = {told}")
    if letters := ends[EventState.DEAD]:
        yield look(
            "dead letters",
            f"{letters} could not be used: `trunkline events list --state dead` says why; after a "
            "repair of the adapter, `trunkline events replay --dead`.",
        )


def _outbound(counts: Counts) -> Iterator[Finding]:
    told = ", ".join(f"{status} {number}" for status, number in sorted(counts.outbound.items()))
    if Status.UNKNOWN.value in counts.outbound:
        told += " (`trunkline messages list --status unknown`)"
    yield ok("outbound", told or "nothing was sent yet")
    if counts.stuck:
        yield bad(
            "sending",
            f"{counts.stuck} for over ten minutes: nobody is at work on them. Restart the hub; "
            "what it left is settled then.",
        )
    if counts.flagged:
        yield look(
            "flagged",
            f"{counts.flagged} messages wait for a person, such as {', '.join(counts.examples)}: "
            "`trunkline messages list --flagged` names all, `trunkline messages resolve` decides.",
        )


def _waiting(counts: Counts) -> Iterator[Finding]:
    for name in counts.resting:
        yield look(
            f"connection {name}",
            "It failed so often that nothing is asked of it for a while; the log says why.",
        )
    if counts.overdue:
        yield look(
            "jobs",
            f"{counts.overdue} are overdue by more than a minute or keep breaking off: the hub has "
            "too much to do, has just started, or its log says why (`engine.work_broke_off`).",
        )
    else:
        yield ok("jobs", "none is overdue")
    waiting, dead = counts.forwards.get("waiting", 0), counts.forwards.get("dead", 0)
    if dead:
        yield look(
            "forwards",
            f"{dead} messages could not be handed to their agents' callback URLs ({waiting} wait): "
            "`trunkline forwards list --state dead` says why; they are in the agents' inboxes.",
        )
    elif waiting:
        yield ok("forwards", f"{waiting} wait for their agents' callback URLs")
