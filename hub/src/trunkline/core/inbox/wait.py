"""Waiting for what somebody answers."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.agents.tokens import check_living
from trunkline.core.inbox.pages import Inbox, of_channels
from trunkline.core.messages import repository
from trunkline.core.messages.models import TAKEN, Direction, ReadableMessage, Status
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound, Overloaded
from trunkline.core.sending.recipient import read_addresses
from trunkline.core.sending.service import until_noted
from trunkline.db.schema import messages
from trunkline.sdk import Clock, Database, Tx

BEFORE_ALL: Final = f"msg_{0:032x}"
"""What every message is newer than."""
MOST_AT_ONCE: Final = 100
"""Waits of one agent: each holds a connection and hears of everything that comes in."""
_RETRY_AFTER_S: Final = 5.0
_WENT_OUT: Final = TAKEN | {Status.SENDING, Status.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which reply to wait for.

    Attributes:
        contact: Who is to write, as the agent may write numbers; None for anybody.
        after: The message that it must be newer than; None for the agent's newest to the contact.
    """

    contact: str | None
    channel: str | None
    after: str | None
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nobody has written yet; a wait for what came `after` that goes on where this one ended."""

    after: str


class Replies:
    """Waits, as long as the hub is not about to end."""

    def __init__(self, db: Database, inbox: Inbox, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._inbox = inbox
        self._limits: set[asyncio.Timeout] = set()
        self._waiting: Counter[str] = Counter()
        self._is_over = False

    async def wait(
        self, principal: Principal, agent_id: str, wanted: Wanted
    ) -> ReadableMessage | Waiting:
        """
        Return the oldest unread message that is wanted, as soon as there is one.

        Raises:
            Unauthenticated: The principal's token was revoked, maybe meanwhile; the wait ends then.
            Overloaded: The agent waits too often already.
        """
        newer = await self._db.read(lambda tx: _newer(tx, principal, agent_id, wanted), heavy=True)
        if self._waiting[agent_id] >= MOST_AT_ONCE:
            raise Overloaded(_RETRY_AFTER_S)
        self._waiting[agent_id] += 1
        try:
            async with asyncio.timeout(0 if self._is_over else wanted.timeout_s) as limit:
                self._limits.add(limit)
                try:
                    message_id = await self._first(principal, agent_id, newer.statement)
                finally:
                    self._limits.discard(limit)
        except TimeoutError:
            return Waiting(after=newer.after)
        finally:
            self._waiting[agent_id] -= 1
            if not self._waiting[agent_id]:
                del self._waiting[agent_id]
        return await self._inbox.one(principal, agent_id, message_id)

    def end(self) -> None:
        """Let every wait, and each that is yet to begin, end at once without a reply."""
        self._is_over = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)

    async def _first(
        self, principal: Principal, agent_id: str, statement: sa.Select[tuple[str]]
    ) -> str:
        def look(tx: Tx) -> tuple[str | None, datetime | None]:
            ends_at = check_living(tx, principal, self._clock.now())
            return tx.execute(statement).scalar(), ends_at

        while True:
            async with self._db.listen("inbound") as notes:
                message_id, ends_at = await self._db.read(look)
                if message_id is not None:
                    return message_id
                with suppress(TimeoutError):  # the token's end, which the next look finds
                    async with asyncio.timeout(self._until(ends_at)):
                        await until_noted(notes, agent_id, principal.kid)

    def _until(self, at: datetime | None) -> float | None:
        """Return in how many seconds that is; a little more, for clocks that tell no less."""
        return None if at is None else max(0.0, (at - self._clock.now()).total_seconds()) + 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newer:
    """A statement that finds the oldest of the unread messages newer than `after`."""

    after: str
    statement: sa.Select[tuple[str]]


def _newer(tx: Tx, principal: Principal, agent_id: str, wanted: Wanted) -> _Newer:
    workspace_id = principal.workspace_id
    agent = agents.find_agent(tx, workspace_id, agent_id)
    if agent is None:
        raise NotFound("agent")
    inbound = _of(workspace_id, agent, wanted, Direction.INBOUND)
    inbound += of_channels(principal)
    outbound = _of(workspace_id, agent, wanted, Direction.OUTBOUND)
    if wanted.contact is not None:
        who = read_addresses(tx, workspace_id, agent, wanted.contact, "from")
        inbound.append(repository.is_among(messages.c.from_address, who))
        outbound.append(repository.is_among(messages.c.to_address, who))
    after = wanted.after
    if after is None:
        went_out = messages.c.status.in_([status.value for status in _WENT_OUT])
        said = messages.c.duplicate_of.is_(None)  # what was told once more, the agent did not say
        newest = sa.select(messages.c.id).where(*outbound, went_out, said)
        after = tx.execute(newest.order_by(messages.c.id.desc()).limit(1)).scalar() or BEFORE_ALL
    unread = messages.c.acknowledged_at.is_(None)
    by_a_person = messages.c.automatic.is_(sa.false())  # a note of absence is no reply
    wanted_now = (*inbound, unread, by_a_person, messages.c.id > after)
    replies = sa.select(messages.c.id).where(*wanted_now)
    return _Newer(after=after, statement=replies.order_by(messages.c.id).limit(1))


def _of(
    workspace_id: str, agent: Agent, wanted: Wanted, direction: Direction
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on an agent's messages of one direction."""
    conditions = [
        messages.c.workspace_id == workspace_id,
        messages.c.agent_id == agent.id,
        messages.c.direction == direction.value,
    ]
    if wanted.channel is not None:
        conditions.append(messages.c.channel == wanted.channel)
    return conditions
