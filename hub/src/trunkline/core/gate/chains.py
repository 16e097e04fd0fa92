"""Chains of answers between an agent and an address at which a program answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.agents.models import SHARED_ADDRESSES
from trunkline.core.channels import Block
from trunkline.db.hot import Hot, Question, both, question
from trunkline.db.locks import hold
from trunkline.db.schema import agent_addresses, answer_chains, messages
from trunkline.db.types import earliest_id
from trunkline.sdk import Tx

MOST_HOPS: Final = 5
"""The longest chain; what starts one is its first hop."""
MOST_ANSWERS: Final = 20
"""So much goes out to one such address within `COUNTED_FOR`."""
COUNTED_FOR: Final = timedelta(minutes=10)
QUIET: Final = timedelta(hours=1)
"""After so long without a message either way a chain is over."""

LOOP: Final = Block(
    rule="loop",
    sentence="A program answers there, and the two of you have answered each other for too long. "
    "Do not answer. A person who writes to the agent starts it anew, and so does an hour without a "
    "message.",
)

_BY_PERSON: Final = (
    sa.select(messages.c.id)
    .where(
        messages.c.workspace_id == answer_chains.c.workspace_id,
        messages.c.agent_id == answer_chains.c.agent_id,
        messages.c.id > answer_chains.c.heard_id,
        messages.c.direction == "inbound",
        messages.c.automatic.is_(sa.false()),
        messages.c.hops == 0,
    )
    .exists()
)
"""Whether a person has written to the agent since it heard of the program last."""
_OF = (
    answer_chains.c.workspace_id == sa.bindparam("workspace_id"),
    answer_chains.c.agent_id == sa.bindparam("agent_id"),
    answer_chains.c.channel == sa.bindparam("channel"),
    answer_chains.c.address == sa.bindparam("address"),
)
_FIND = Hot(
    sa.select(
        answer_chains.c.heard,
        answer_chains.c.heard_id,
        answer_chains.c.said,
        answer_chains.c.moved_at,
        answer_chains.c.answers,
        answer_chains.c.counted_from,
        _BY_PERSON.label("by_person"),
    ).where(*_OF)
)
_RESIDENT = Hot(
    sa.select(agent_addresses.c.agent_id).where(
        agent_addresses.c.workspace_id == sa.bindparam("workspace_id"),
        agent_addresses.c.channel == sa.bindparam("channel"),
        agent_addresses.c.address == sa.bindparam("address"),
    )
)
_ADD = Hot(sa.insert(answer_chains))
_SET = Hot(
    sa.update(answer_chains)
    .where(
        answer_chains.c.workspace_id == sa.bindparam("of_workspace"),
        answer_chains.c.agent_id == sa.bindparam("of_agent"),
        answer_chains.c.channel == sa.bindparam("of_channel"),
        answer_chains.c.address == sa.bindparam("of_address"),
    )
    .values(
        heard=sa.bindparam("new_heard"),
        heard_id=sa.bindparam("new_heard_id"),
        said=sa.bindparam("new_said"),
        moved_at=sa.bindparam("now"),
        answers=sa.bindparam("new_answers"),
        counted_from=sa.bindparam("new_counted_from"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """
    How far an agent and an address have answered each other.

    Attributes:
        heard, said: Hops of what came last and of what went out last; 0: nothing.
        heard_id: What is newer than this message is newer than what came last.
        answers: What went out since `counted_from`.
        by_person: A person has written to the agent since.
        is_known: There is a row of it.
    """

    heard: int = 0
    heard_id: str = ""
    said: int = 0
    moved_at: datetime | None = None
    answers: int = 0
    counted_from: datetime | None = None
    by_person: bool = False
    is_known: bool = False

    def is_over(self, now: datetime) -> bool:
        """Tell whether what goes out now starts a new one."""
        return self.moved_at is None or self.by_person or now - self.moved_at >= QUIET

    def hop(self, now: datetime) -> int:
        """Return the hop of what goes out now."""
        return 1 if self.is_over(now) else self.heard + 1

    def counted(self, now: datetime) -> int:
        """Return how much went out lately."""
        is_old = self.counted_from is None or now - self.counted_from >= COUNTED_FOR
        return 0 if is_old or self.is_over(now) else self.answers

    def block(self, now: datetime) -> Block | None:
        """Return what stands against one message more."""
        too_far = self.hop(now) > MOST_HOPS or self.counted(now) >= MOST_ANSWERS
        return LOOP if too_far else None


def asked(workspace_id: str, agent_id: str, channel: str, address: str) -> Question[Chain | None]:
    """Ask for the chain of an agent with an address; None where no program is known to answer."""
    key = {"workspace_id": workspace_id, "channel": channel, "address": canonical(address)}
    found = question(
        _FIND, {**key, "agent_id": agent_id}, lambda rows: _chain(rows[0]) if rows else None
    )
    shared = {**key, "channel": SHARED_ADDRESSES.get(channel, channel)}
    resident = question(_RESIDENT, shared, bool)
    return both(found, resident).then(lambda told: told[0] or (Chain() if told[1] else None))


def _chain(row: tuple[int, str, int, datetime, int, datetime, bool]) -> Chain:
    heard, heard_id, said, moved_at, answers, counted_from, by_person = row
    return Chain(
        heard=heard,
        heard_id=heard_id,
        said=said,
        moved_at=moved_at,
        answers=answers,
        counted_from=counted_from,
        by_person=bool(by_person),
        is_known=True,
    )


def say(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    channel: str,
    address: str,
    chain: Chain,
    now: datetime,
) -> None:
    """Note that one message more goes out; another hub may have begun the chain: IntegrityError."""
    counted, is_over = chain.counted(now), chain.is_over(now)
    heard_id = earliest_id("msg", now) if is_over else chain.heard_id
    given = {
        "agent_id": agent_id,
        "channel": channel,
        "address": canonical(address),
        "answers": counted + 1,
        "counted_from": chain.counted_from if counted else now,
    }
    if chain.is_known:
        _SET.put(
            tx,
            {
                "of_workspace": workspace_id,
                "of_agent": agent_id,
                "of_channel": channel,
                "of_address": given["address"],
                "new_heard": 0 if is_over else chain.heard,
                "new_heard_id": heard_id,
                "new_said": chain.hop(now),
                "new_answers": given["answers"],
                "new_counted_from": given["counted_from"],
                "now": now,
            },
        )
        return
    _ADD.put(
        tx,
        {
            "id": row_id,
            "workspace_id": workspace_id,
            "created_at": now,
            "heard": 0,
            "heard_id": heard_id,
            "said": chain.hop(now),
            "moved_at": now,
            **given,
        },
    )


def hear(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    channel: str,
    address: str,
    message_id: str,
    *,
    by: tuple[str, str] | None,
    automatic: bool,
    now: datetime,
) -> int:
    """
    Note a message that came in, and return its hops: 0 for what a person wrote.

    `by` is who wrote, if that is an agent of this hub: its id, and the address that it wrote to.
    What that agent said decides, so that nobody who pretends to be it makes a chain shorter.
    """
    if by is None and not automatic:
        return 0
    hold(tx, "chain", workspace_id, agent_id, canonical(address))
    own = asked(workspace_id, agent_id, channel, address).ask(tx) or Chain()
    if by is not None:
        its = asked(workspace_id, by[0], channel, by[1]).ask(tx) or Chain()
        hops = its.said or 1
    else:
        hops = 1 if own.is_over(now) else own.said + 1
    where = {"agent_id": agent_id, "channel": channel, "address": canonical(address)}
    values = {"heard": hops, "heard_id": message_id, "moved_at": now}
    if own.is_known:
        fresh = {"answers": 0, "counted_from": now} if own.is_over(now) else {}
        tx.execute(
            sa.update(answer_chains)
            .where(answer_chains.c.workspace_id == workspace_id)
            .filter_by(**where)
            .values(**values, **fresh)
        )
    else:
        tx.execute(
            sa.insert(answer_chains).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                said=0,
                answers=0,
                counted_from=now,
                **where,
                **values,
            )
        )
    return hops
