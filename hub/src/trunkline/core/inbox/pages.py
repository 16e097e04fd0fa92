"""Reading messages back: pages, one message's history, and an agent's channels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.channels import rules_of
from trunkline.core.duplicates.models import Followed
from trunkline.core.duplicates.repository import followed
from trunkline.core.inbox.channel_use import ChannelUse, channel_use
from trunkline.core.inbox.cursors import read_cursor
from trunkline.core.media.shelf import Shelf, file_of
from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import content_in, place_of
from trunkline.core.messages.models import (
    BodyState,
    Direction,
    HistoryEntry,
    Message,
    ReadableMessage,
)
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import Invalid, NotFound
from trunkline.core.sending.recipient import read_addresses
from trunkline.core.speech.models import Cost
from trunkline.core.speech.repository import costs_of
from trunkline.db.schema import body_vault, contact_keys, messages
from trunkline.sdk import Clock, Database, EventLog, Tx

COUNTED_UP_TO: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """
    Which messages to read; `limit` is 1 to 200.

    `cursor` is an earlier page's `next_cursor`, or one of a message that was shown in part.
    """

    channel: str | None = None
    contact_number: str | None = None
    since: datetime | None = None
    unread: bool = False
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    A page of messages, newest first. `total` stops at 1,000, and then says so.

    `offset` is how many characters of their texts were shown before.
    """

    messages: tuple[ReadableMessage, ...]
    total: int
    total_is_minimum: bool
    next_cursor: str | None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """
    A message and everything that was learnt about it, oldest first.

    `parts` are what it cost beside what carried it, and `duplicates` to whom else it was told.
    """

    message: Message
    history: tuple[HistoryEntry, ...]
    parts: tuple[Cost, ...] = ()
    duplicates: tuple[Followed, ...] = ()


class Inbox:
    """The verbs of reading."""

    def __init__(
        self,
        db: Database,
        vault: BodyVault,
        shelf: Shelf,
        clock: Clock,
        log: EventLog,
        currency: str,
    ) -> None:
        self._db = db
        self._vault = vault
        self._shelf = shelf
        self._clock = clock
        self._log = log
        self._currency = currency

    async def page(self, principal: Principal, agent_id: str, query: Query) -> Page:
        """Return an agent's messages of both directions, newest first."""
        place = None if query.cursor is None else read_cursor(query.cursor)
        if query.cursor is not None and place is None:
            raise Invalid("cursor", "use the nextCursor of an earlier answer.")
        if place is not None and place[1] is not None:
            one = await self.one(principal, agent_id, place[0])
            return Page(
                messages=(one,), total=1, total_is_minimum=False, next_cursor=None, offset=place[1]
            )

        def fn(tx: Tx) -> Page:
            agent = _agent(tx, principal, agent_id)
            wanted = _conditions(tx, principal.workspace_id, agent, query) + of_channels(principal)
            found = self._read(tx, principal.workspace_id, wanted, query)
            total = _count(tx, wanted)
            more = len(found) > query.limit
            shown = found[: query.limit]
            return Page(
                messages=tuple(shown),
                total=min(total, COUNTED_UP_TO),
                total_is_minimum=total > COUNTED_UP_TO,
                next_cursor=shown[-1].message.id if more else None,
            )

        return await self._db.read(fn)

    async def one(
        self, principal: Principal, agent_id: str | None, message_id: str
    ) -> ReadableMessage:
        """Return one message; another agent's is not found."""

        def fn(tx: Tx) -> ReadableMessage:
            wanted = [
                messages.c.workspace_id == principal.workspace_id,
                messages.c.id == message_id,
                *of_channels(principal),
            ]
            found = self._read(tx, principal.workspace_id, wanted, Query(limit=1))
            if not found or agent_id not in (None, found[0].message.agent_id):
                raise NotFound("message")
            return found[0]

        return await self._db.read(fn)

    async def trace(self, principal: Principal, agent_id: str | None, message_id: str) -> Traced:
        """Return a message and its history; another agent's message is not found."""

        def fn(tx: Tx) -> Traced:
            message = repository.find_message(tx, principal.workspace_id, message_id)
            if message is None or agent_id not in (None, message.agent_id):
                raise NotFound("message")
            if not principal.may_use(message.channel):
                raise NotFound("message")
            history = trail.read_history(tx, principal.workspace_id, message_id)
            parts: Sequence[Cost] = ()
            if rules_of(message.channel).sound is not None:  # what is never spoken has none
                parts = costs_of(tx, principal.workspace_id, message_id)
            return Traced(
                message=message,
                history=tuple(history),
                parts=tuple(parts),
                duplicates=followed(tx, principal.workspace_id, message_id)
                if message.duplicated
                else (),
            )

        return await self._db.read(fn)

    async def channel_use(self, principal: Principal, agent_id: str) -> ChannelUse:
        """Return an agent's channels and what they carried this month."""
        workspace_id, now = principal.workspace_id, self._clock.now()

        def fn(tx: Tx) -> ChannelUse:
            agent = _agent(tx, principal, agent_id)
            return channel_use(tx, workspace_id, agent, now, self._currency)

        return await self._db.read(fn, heavy=True)

    def _read(
        self, tx: Tx, workspace_id: str, wanted: list[sa.ColumnElement[bool]], query: Query
    ) -> list[ReadableMessage]:
        statement = (
            sa.select(
                *repository.COLUMNS,
                messages.c.body,
                body_vault.c.key_id,
                contact_keys.c.wrapped_key,
                body_vault.c.ciphertext,
            )
            .outerjoin(
                body_vault,
                sa.and_(
                    body_vault.c.workspace_id == messages.c.workspace_id,
                    body_vault.c.owner_table == messages.name,
                    body_vault.c.owner_id == messages.c.id,
                    body_vault.c.expires_at > self._clock.now(),
                ),
            )
            .outerjoin(
                contact_keys,
                sa.and_(
                    contact_keys.c.workspace_id == body_vault.c.workspace_id,
                    contact_keys.c.id == body_vault.c.key_id,
                ),
            )
            .where(*wanted)
            .order_by(messages.c.id.desc())
            .limit(query.limit + 1)
        )
        if query.cursor is not None:
            statement = statement.where(messages.c.id < query.cursor)
        found = [self._readable(tx, workspace_id, tuple(row)) for row in tx.execute(statement)]
        with_media = [each.message.id for each in found if each.message.media_count]
        if not with_media:
            return found
        media = self._shelf.of_messages(tx, workspace_id, with_media)
        return [
            replace(each, files=tuple(map(file_of, media.get(each.message.id, ()))))
            for each in found
        ]

    def _readable(self, tx: Tx, workspace_id: str, row: tuple[Any, ...]) -> ReadableMessage:
        *columns, kept, key_id, wrapped_key, held = row
        message = repository.to_message(columns)
        place = place_of(workspace_id, message)
        text = None
        try:
            if message.body_state is BodyState.KEPT and kept is not None:
                text = self._vault.unseal(tx, place, kept)
            elif message.body_state is BodyState.HELD and wrapped_key is not None:
                text = self._vault.unlock(place, key_id, wrapped_key, held)
        except Unreadable:  # the other messages can still be read
            self._log.error("body.unreadable", messageId=message.id)
        content = None if text is None else content_in(message, text)
        return ReadableMessage(message=message, content=content)


def of_channels(principal: Principal) -> list[sa.ColumnElement[bool]]:
    """Return the condition on messages that they are of channels that a token is for."""
    channels = principal.grant.channels
    return [] if channels is None else [messages.c.channel.in_(sorted(channels))]


def _agent(tx: Tx, principal: Principal, agent_id: str) -> Agent:
    agent = agents.find_agent(tx, principal.workspace_id, agent_id)
    if agent is None:
        raise NotFound("agent")
    return agent


def _conditions(
    tx: Tx, workspace_id: str, agent: Agent, query: Query
) -> list[sa.ColumnElement[bool]]:
    wanted = [messages.c.workspace_id == workspace_id, messages.c.agent_id == agent.id]
    if query.channel is not None:
        wanted.append(messages.c.channel == query.channel)
    if query.contact_number is not None:
        who = read_addresses(tx, workspace_id, agent, query.contact_number, "contactNumber")
        wanted.append(
            sa.or_(
                repository.is_among(messages.c.from_address, who),
                repository.is_among(messages.c.to_address, who),
            )
        )
    if query.since is not None:
        wanted.append(messages.c.created_at >= query.since)
    if query.unread:
        wanted.append(messages.c.direction == Direction.INBOUND.value)
        wanted.append(messages.c.acknowledged_at.is_(None))
    return wanted


def _count(tx: Tx, wanted: list[sa.ColumnElement[bool]]) -> int:
    """Return how many messages match, looking at no more than are counted."""
    some = sa.select(messages.c.id).where(*wanted).limit(COUNTED_UP_TO + 1).subquery()
    return int(tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
