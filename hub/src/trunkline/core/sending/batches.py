"""Many messages in one call: accepted side by side, each with a result of its own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.messages import idempotency
from trunkline.core.messages.models import SendMessage, Status
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import IdempotencyConflict, NotFound, Problem, TooLate
from trunkline.core.sending.answers import Answer
from trunkline.core.sending.service import Messages
from trunkline.db.locks import hold
from trunkline.db.schema import message_batches, messages
from trunkline.sdk import Clock, Database, IdSource, Tx

MOST: Final = 500
"""Messages of one batch."""
SHOWN: Final = 100
"""Messages of a batch that its state names, those in trouble first."""
_AT_ONCE: Final = 16
_TELL_EVERY: Final = 25

_OPEN: Final = frozenset({Status.HELD, Status.QUEUED, Status.SENDING})
_FINE: Final = frozenset({Status.SENT, Status.DELIVERED, Status.READ})

T = TypeVar("T")

Told = Callable[[int], Awaitable[None]]
"""Is told, now and then, how many messages have been looked at so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A batch, and for each of its messages the answer, or what stood in the way of it."""

    batch_id: str
    results: tuple[Answer | Exception, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """
    How far a batch got.

    Attributes:
        size: How many messages were asked for. `counts` has none that was refused or sent before.
        messages: (message, status) of `SHOWN` at most.
        cost_micros, currency, cost_final: Of all together; None if they differ in currency.
    """

    id: str
    created_at: datetime
    size: int
    counts: Mapping[Status, int]
    messages: tuple[tuple[str, Status], ...]
    cost_micros: int | None
    currency: str | None
    cost_final: bool

    @property
    def is_open(self) -> bool:
        """Whether the hub has still something of it to send."""
        return bool(_OPEN & self.counts.keys())


class Batches:
    """The verbs of batches."""

    def __init__(
        self, db: Database, messages: Messages, keys: Keys, clock: Clock, ids: IdSource
    ) -> None:
        self._db = db
        self._messages = messages
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def send(
        self,
        principal: Principal,
        agent_id: str,
        items: Sequence[SendMessage | Problem],
        key: str | None,
        told: Told,
    ) -> Accepted:
        """
        Queue every message that can be; what was refused before it came here stays refused.

        With `key` a repeated call completes what a crash left half done, and doubles nothing.

        Raises:
            IdempotencyConflict: The key belongs to a batch of another size.
        """
        batch_id = await self._db.write(
            lambda tx: self._open(tx, principal.workspace_id, agent_id, len(items), key)
        )
        results: dict[int, Answer | Exception] = {}

        async def accept(index: int) -> None:
            item = items[index]
            if isinstance(item, SendMessage):
                given = item.idempotency_key or self._item_key(agent_id, key, index)
                item = replace(item, batch_id=batch_id, idempotency_key=given)
                results[index] = await self._accepted(principal, agent_id, item)
            else:
                results[index] = item
            if len(results) % _TELL_EVERY == 0 or len(results) == len(items):
                await told(len(results))

        await _each(range(len(items)), accept)
        return Accepted(
            batch_id=batch_id, results=tuple(results[index] for index in range(len(items)))
        )

    async def look(self, principal: Principal, agent_id: str, batch_id: str) -> BatchState:
        """Return how far a batch got; another agent's is not found."""
        return await self._db.read(
            lambda tx: _read(tx, principal.workspace_id, agent_id, batch_id), heavy=True
        )

    async def cancel(self, principal: Principal, agent_id: str, batch_id: str) -> BatchState:
        """Cancel what is still queued or held, and return how the batch stands then."""
        workspace_id = principal.workspace_id
        await self.look(principal, agent_id, batch_id)
        queued = await self._db.read(
            lambda tx: [
                message_id
                for message_id, status in _statuses(tx, workspace_id, batch_id)
                if status in (Status.HELD, Status.QUEUED)
            ]
        )

        async def cancel(message_id: str) -> None:
            with suppress(TooLate):  # the state tells how many there are
                await self._messages.cancel(principal, agent_id, message_id)

        await _each(queued, cancel)
        return await self.look(principal, agent_id, batch_id)

    async def _accepted(
        self, principal: Principal, agent_id: str, command: SendMessage
    ) -> Answer | Exception:
        try:
            return await self._messages.send(principal, agent_id, command)
        except Exception as error:  # noqa: BLE001 - it is this message's; the others go
            return error

    def _open(self, tx: Tx, workspace_id: str, agent_id: str, size: int, key: str | None) -> str:
        """Return the id of the batch that `key` stands for, or of a new one."""
        if agents.find_agent(tx, workspace_id, agent_id) is None:
            raise NotFound("agent")
        now, key_hash = self._clock.now(), None
        if key is not None:
            key_hash = self._keys.digest(Purpose.PSEUDONYMS, "batch", agent_id, key)
            hold(tx, "batch", workspace_id, key_hash.hex())
            known = message_batches.c.key_hash == key_hash
            of_agent = sa.and_(
                message_batches.c.workspace_id == workspace_id,
                message_batches.c.agent_id == agent_id,
            )
            found = tx.execute(sa.select(message_batches).where(of_agent, known)).first()
            if found is not None and found.created_at > now - idempotency.GIVEN_FOR:
                if found.size != size:
                    raise IdempotencyConflict("batch", found.id)
                return str(found.id)
            tx.execute(sa.update(message_batches).where(of_agent, known).values(key_hash=None))
        batch_id = self._ids.new("bat")
        tx.execute(
            sa.insert(message_batches).values(
                id=batch_id,
                workspace_id=workspace_id,
                created_at=now,
                agent_id=agent_id,
                size=size,
                key_hash=key_hash,
            )
        )
        return batch_id

    def _item_key(self, agent_id: str, key: str | None, index: int) -> str | None:
        """Return the key of one message of a batch with a key: nobody else's can be the same."""
        if key is None:
            return None
        parts = ("item", agent_id, key, str(index))
        return self._keys.digest(Purpose.PSEUDONYMS, *parts).hex()


async def _each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do `work` on each, some at a time, and raise the first error once all is over."""
    left = iter(items)

    async def go() -> None:
        for item in left:
            await work(item)

    for outcome in await asyncio.gather(*(go() for _ in range(_AT_ONCE)), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _statuses(tx: Tx, workspace_id: str, batch_id: str) -> list[tuple[str, Status]]:
    statement = sa.select(messages.c.id, messages.c.status).where(
        messages.c.workspace_id == workspace_id, messages.c.batch_id == batch_id
    )
    return [(row.id, Status(row.status)) for row in tx.execute(statement.order_by(messages.c.id))]


def _read(tx: Tx, workspace_id: str, agent_id: str, batch_id: str) -> BatchState:
    batch = tx.execute(
        sa.select(message_batches).where(
            message_batches.c.workspace_id == workspace_id,
            message_batches.c.agent_id == agent_id,
            message_batches.c.id == batch_id,
        )
    ).first()
    if batch is None:
        raise NotFound("batch")
    costs = tx.execute(
        sa.select(
            sa.func.sum(messages.c.cost),
            sa.func.count(sa.distinct(messages.c.currency)),
            sa.func.max(messages.c.currency),
            sa.func.count(sa.case((messages.c.cost_final.is_(False), 1))),
        ).where(messages.c.workspace_id == workspace_id, messages.c.batch_id == batch_id)
    ).one()
    total, currencies, currency, estimates = tuple(costs)
    summable = currencies == 1 and total is not None
    statuses = _statuses(tx, workspace_id, batch_id)
    trouble_first = sorted(statuses, key=lambda each: each[1] in _FINE | _OPEN)
    return BatchState(
        id=batch.id,
        created_at=batch.created_at,
        size=batch.size,
        counts=Counter(status for _, status in statuses),
        messages=tuple(trouble_first[:SHOWN]),
        cost_micros=int(total) if summable else None,
        currency=currency if summable else None,
        cost_final=not estimates,
    )
