"""Creating and changing agents, within the pool's slots."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError

from trunkline.core.agents import repository, slots
from trunkline.core.agents.models import (
    AGENT_ID,
    COPIED_TO,
    RESERVED_AGENT_IDS,
    Agent,
    AgentStatus,
    Mode,
    Pool,
    is_url,
)
from trunkline.core.agents.suspension import resume_in, suspend_in
from trunkline.core.agents.values import checked, class_of, settle_ms
from trunkline.core.audit.models import Details
from trunkline.core.audit.service import Audit
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal
from trunkline.core.problems import Invalid, NotFound, PoolExhausted
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

_MIRROR: Final = "sms_mirror_to"
_COLUMNS: Final = (
    *("display_name", "country", "callback_url", "greeting", "message_class", "hold"),
    *COPIED_TO,
)

MAX_POOL = 10_000
MAX_REASON = 300
"""Longest reason of a suspension, in characters."""

T = TypeVar("T")


class Addressing(Protocol):
    """What must be known of a channel to give agents an address there."""

    name: ClassVar[str]
    address: ClassVar[str]
    set_by: ClassVar[str]

    def read_own(self, text: str) -> str:
        """Return the address that an agent is given; `Invalid` if it is none."""
        ...

    def read_address(self, text: str, country: str | None) -> str | None:
        """Return the address that a text is, or None."""
        ...


class Agents:
    """The registry of agents."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: IdSource,
        callback_fault: Callable[[str], str | None],
        hold_fault: Callable[[str], str | None],
        connections: Callable[[], Mapping[str, Collection[str]]],
        channels: Iterable[Addressing],
        greets: Callable[[Tx, str, str, str | None], None],
        log: EventLog,
        begins: Callable[[Tx, str, str], None],
        audit: Audit,
    ) -> None:
        """
        Take what values are checked with.

        Args:
            callback_fault: Tells what is wrong with a callback URL, if anything is.
            hold_fault: Tells what is wrong with what of an agent is held, if anything is.
            connections: Returns the names of those that there are, for each kind of provider.
            channels: Those that an agent may have an address of.
            greets: Is told in the transaction of an agent whose greeting changes, and of the
                handle of the sound of the one before.
            begins: Is told of a new agent in the transaction that stores it.
            audit: Takes down what is done to agents.
        """
        self._db = db
        self._clock = clock
        self._ids = ids
        self._callback_fault = callback_fault
        self._hold_fault = hold_fault
        self._connections = connections
        self._greets = greets
        self._log = log
        self._begins = begins
        self._audit = audit
        self._channels = {each.set_by: each for each in channels}
        self._kinds = {
            f"{kind}_connection" if kind in self._channels else kind: kind for kind in connections()
        }

    async def ensure_pool(self, size: int) -> None:
        """Make the pool with `size` slots at the first start; later starts leave it as it is."""
        now, row_id = self._clock.now(), self._ids.new("row")
        await self._db.write(lambda tx: slots.ensure_pool(tx, DEFAULT_WORKSPACE, row_id, size, now))

    async def create(
        self, principal: Principal, agent_id: str, values: Mapping[str, str | None]
    ) -> Agent:
        """Create an agent in a free slot; `values` are those of `set`."""
        draft = self.drafted(agent_id, values)

        def fn(tx: Tx) -> None:
            self.admit(tx, principal.workspace_id, draft)
            self._audit.act(tx, principal, "agent.created", agent_id, {"set": sorted(values)})

        await self._write(fn)
        return draft

    def drafted(self, agent_id: str, values: Mapping[str, str | None]) -> Agent:
        """Return an agent as it would be created; `Invalid` says what is wrong with it."""
        if not AGENT_ID.fullmatch(agent_id) or agent_id in RESERVED_AGENT_IDS:
            raise Invalid(
                "agentId",
                "start with a letter, then letters, digits, '_', '.' or '-', 64 at most; "
                "'connections' is reserved.",
            )
        columns, addresses, connections = self._check(values)
        return Agent(
            id=agent_id,
            display_name=columns.get("display_name"),
            addresses={channel: each for channel, each in addresses.items() if each is not None},
            country=columns.get("country"),
            connections={kind: each for kind, each in connections.items() if each is not None},
            callback_url=columns.get("callback_url"),
            status=AgentStatus.ACTIVE,
            provisioned_at=self._clock.now(),
            settle_ms=settle_ms(values.get("settle_ms")),
            greeting=columns.get("greeting"),
            message_class=class_of(columns.get("message_class")),
            hold=columns.get("hold"),
            sms_mirror_to=columns.get("sms_mirror_to"),
            email_bcc_to=columns.get("email_bcc_to"),
        )

    def admit(self, tx: Tx, workspace_id: str, draft: Agent) -> None:
        """Create a drafted agent in a free slot, inside the caller's transaction."""
        known = repository.find_agent(tx, workspace_id, draft.id)
        if known is not None and known.status is AgentStatus.DEPROVISIONED:
            raise Invalid("agentId", "it was deprovisioned: provision it to bring it back.")
        if known is not None:
            raise Invalid("agentId", "an agent with this id exists already.")
        self._check_mirror(tx, workspace_id, draft.sms_mirror_to)
        self._take_slot(tx, workspace_id)
        row_id = self._ids.new("row")
        repository.add_agent(tx, workspace_id, row_id, draft, draft.provisioned_at)
        self._begins(tx, workspace_id, draft.id)
        if draft.greeting is not None:
            self._greets(tx, workspace_id, draft.id, None)
        self._set_addresses(tx, workspace_id, draft.id, draft.addresses)
        self._set_connections(tx, workspace_id, draft.id, draft.connections)

    def readmit(self, tx: Tx, workspace_id: str, draft: Agent) -> None:
        """Bring an agent back that was deprovisioned, as it is drafted now, in a free slot."""
        self._take_slot(tx, workspace_id)
        before = repository.find_agent(tx, workspace_id, draft.id)
        values: dict[str, str | int | None] = {
            "status": AgentStatus.ACTIVE.value,
            "suspended_reason": None,
            "country": draft.country,
        }
        if draft.display_name is not None:
            values["display_name"] = draft.display_name
        if draft.greeting is not None:
            values |= {"greeting": draft.greeting, "greeting_media": None}
        repository.change_agent(tx, workspace_id, draft.id, values, self._clock.now())
        if draft.greeting is not None:
            earlier = before.greeting_media if before else None
            self._greets(tx, workspace_id, draft.id, earlier)
        self._set_connections(tx, workspace_id, draft.id, draft.connections)

    def _take_slot(self, tx: Tx, workspace_id: str) -> None:
        if not slots.take_slot(tx, workspace_id):
            raise PoolExhausted(slots.read_pool(tx, workspace_id).size)

    async def change(
        self, principal: Principal, agent_id: str, values: Mapping[str, str | None]
    ) -> Agent:
        """Set an agent's values; None clears one."""
        columns, addresses, connections = self._check(values)
        changed: dict[str, str | int | None] = {**columns}
        if "greeting" in columns:
            changed["greeting_media"] = None  # it is spoken anew
        if "settle_ms" in values:
            changed["settle_ms"] = settle_ms(values["settle_ms"])
        return await self._change(principal, agent_id, changed, addresses, connections)

    async def suspend(self, principal: Principal, agent_id: str, reason: str | None) -> Agent:
        """Stop an agent from acting until it is resumed; it keeps its number and still receives."""
        given = reason or "An operator suspended it."
        if len(given) > MAX_REASON:
            raise Invalid("reason", f"give at most {MAX_REASON} characters.")
        now, workspace_id = self._clock.now(), principal.workspace_id

        def fn(tx: Tx) -> Agent:
            if suspend_in(tx, workspace_id, agent_id, given, now):
                self._audit.act(tx, principal, "agent.suspended", agent_id)
            return _found(tx, workspace_id, agent_id)

        return await self._db.write(fn)

    async def resume(self, principal: Principal, agent_id: str) -> Agent:
        """Let a suspended agent act again, and what is held for it go."""
        now, workspace_id = self._clock.now(), principal.workspace_id

        def fn(tx: Tx) -> Agent:
            resumed = resume_in(tx, workspace_id, agent_id, now)
            if resumed:
                self._audit.act(tx, principal, "agent.resumed", agent_id)
            agent = _found(tx, workspace_id, agent_id)
            if resumed and agent.greeting is not None and agent.greeting_media is None:
                self._greets(tx, workspace_id, agent_id, None)
            return agent

        return await self._db.write(fn)

    async def set_mode(self, principal: Principal, agent_id: str, mode: Mode) -> Agent:
        """
        Let an agent be simulated or live from now on; who did it, and when, stands beside it.

        What waits to be sent keeps the mode in which it was accepted.
        """
        by = principal.kid or principal.scope.value
        now = self._clock.now()
        agent = await self._change(
            principal, agent_id, {"mode": mode.value, "mode_by": by, "mode_at": now}
        )
        self._log.warning("agent.mode_set", agentId=agent_id, mode=mode.value, by=by)
        return agent

    async def show(self, principal: Principal, agent_id: str) -> Agent:
        """Return one agent."""
        agent = await self._db.read(
            lambda tx: repository.find_agent(tx, principal.workspace_id, agent_id)
        )
        if agent is None:
            raise NotFound("agent")
        return agent

    async def list(self, principal: Principal) -> list[Agent]:
        """Return every agent, by id."""
        return await self._db.read(lambda tx: repository.list_agents(tx, principal.workspace_id))

    async def pool(self, principal: Principal) -> Pool:
        """Return how many slots there are and how many are taken."""
        return await self._db.read(lambda tx: slots.read_pool(tx, principal.workspace_id))

    async def grow_pool(self, principal: Principal, size: int) -> Pool:
        """Make the pool `size` slots large; it never shrinks."""

        def fn(tx: Tx) -> Pool:
            current = slots.read_pool(tx, principal.workspace_id)
            if not current.size <= size <= MAX_POOL:
                raise Invalid("size", f"give {current.size} to {MAX_POOL}: a pool only grows.")
            slots.resize_pool(tx, principal.workspace_id, size)
            self._audit.act(tx, principal, "pool.grown", "pool", {"size": size})
            return Pool(size=size, used=current.used)

        return await self._db.write(fn)

    async def _change(
        self,
        principal: Principal,
        agent_id: str,
        columns: Mapping[str, str | int | datetime | None],
        addresses: Mapping[str, str | None] = MappingProxyType({}),
        connections: Mapping[str, str | None] = MappingProxyType({}),
    ) -> Agent:
        now = self._clock.now()

        def fn(tx: Tx) -> Agent:
            workspace_id = principal.workspace_id
            mirror_to = columns.get(_MIRROR)
            self._check_mirror(tx, workspace_id, mirror_to if isinstance(mirror_to, str) else None)
            before = repository.find_agent(tx, workspace_id, agent_id)
            if not repository.change_agent(tx, workspace_id, agent_id, columns, now):
                raise NotFound("agent")
            if "greeting" in columns:
                self._greets(tx, workspace_id, agent_id, before.greeting_media if before else None)
            self._set_addresses(tx, workspace_id, agent_id, addresses)
            self._set_connections(tx, workspace_id, agent_id, connections)
            mode = columns.get("mode")
            details: Details = {"set": sorted((*columns, *addresses, *connections))}
            if isinstance(mode, str):
                details = {"mode": mode}
            event_type = "agent.changed" if mode is None else "agent.mode_set"
            self._audit.act(tx, principal, event_type, agent_id, details)
            agent = repository.find_agent(tx, workspace_id, agent_id)
            assert agent is not None  # it was changed in this transaction
            return agent

        return await self._write(fn)

    def _set_addresses(
        self, tx: Tx, workspace_id: str, agent_id: str, addresses: Mapping[str, str | None]
    ) -> None:
        for channel, address in addresses.items():
            if address is not None:
                owner = repository.find_agent_by_address(tx, workspace_id, channel, address)
                if owner is not None and owner.id != agent_id:
                    (taken,) = (each for each in self._channels.values() if each.name == channel)
                    raise Invalid(taken.set_by, f"another agent has this {taken.address}.")
            row_id, now = self._ids.new("row"), self._clock.now()
            repository.set_address(tx, workspace_id, row_id, agent_id, channel, address, now)

    def _set_connections(
        self, tx: Tx, workspace_id: str, agent_id: str, connections: Mapping[str, str | None]
    ) -> None:
        for kind, connection in connections.items():
            row_id, now = self._ids.new("row"), self._clock.now()
            repository.set_connection(tx, workspace_id, row_id, agent_id, kind, connection, now)

    def _check(
        self, values: Mapping[str, str | None]
    ) -> tuple[dict[str, str | None], dict[str, str | None], dict[str, str | None]]:
        """Return columns, addresses and connections to set; Invalid names the first bad value."""
        columns: dict[str, str | None] = {}
        addresses: dict[str, str | None] = {}
        connections: dict[str, str | None] = {}
        for name, value in values.items():
            if channel := self._channels.get(name):
                addresses[channel.name] = channel.read_own(value) if value else None
            elif name in COPIED_TO:
                columns[name] = self._copied_to(name, value) if value else None
            elif name in _COLUMNS:
                columns[name] = checked(name, value) if value else None
            elif kind := self._kinds.get(name):
                connections[kind] = self._connection(name, kind, value) if value else None
            elif name != "settle_ms":
                known = (*self._channels, *self._kinds, *_COLUMNS, "settle_ms")
                raise Invalid("values", f"set one of {', '.join(known)}.")
        url = columns.get("callback_url")
        fault = self._callback_fault(url) if url else None
        if fault:
            raise Invalid("callback_url", fault)
        held = columns.get("hold")
        if held and (fault := self._hold_fault(held)):
            raise Invalid("hold", fault)
        return columns, addresses, connections

    def _copied_to(self, name: str, value: str) -> str:
        fault = self._callback_fault(value) if is_url(value) and name == _MIRROR else None
        if fault:
            raise Invalid(name, fault)
        channel = next(each for each in self._channels.values() if each.name == COPIED_TO[name])
        found = value if is_url(value) and name == _MIRROR else channel.read_address(value, None)
        if found is None:
            or_url = " or an https URL" if name == _MIRROR else ""
            raise Invalid(name, f"give the whole {channel.address}{or_url}.")
        return found

    def _check_mirror(self, tx: Tx, workspace_id: str, to: str | None) -> None:
        """Refuse a number that is an agent's, which might mirror what it gets back."""
        if to and repository.find_agent_by_address(tx, workspace_id, COPIED_TO[_MIRROR], to):
            raise Invalid(_MIRROR, "an agent of this hub has this number: name another.")

    def _connection(self, name: str, kind: str, connection: str) -> str:
        configured = self._connections()[kind]
        if connection not in configured:
            named = ", ".join(configured) or "none"
            raise Invalid(name, f"name a configured connection of {kind}; there are: {named}.")
        return connection

    async def _write(self, fn: Callable[[Tx], T]) -> T:
        try:
            return await self._db.write(fn)
        except IntegrityError as error:  # at the same moment, at another hub
            raise Invalid("values", "another agent has one of these addresses.") from error


def _found(tx: Tx, workspace_id: str, agent_id: str) -> Agent:
    agent = repository.find_agent(tx, workspace_id, agent_id)
    if agent is None:
        raise NotFound("agent")
    return agent
