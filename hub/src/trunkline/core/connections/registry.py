"""Which connections there are, which one serves an agent, and their open providers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from trunkline.core.agents.models import Agent, Mode
from trunkline.core.connections.lanes import Bounds
from trunkline.core.connections.opening import CannotOpen, OpenProvider, OpenProviders
from trunkline.core.connections.simulation import harmless
from trunkline.core.problems import Missing
from trunkline.loading import provider_fault
from trunkline.sdk import (
    KINDS,
    TELEPHONY,
    EventLog,
    NotConfigured,
    Provider,
    ProviderContext,
    ProviderSpec,
)

AnySpec = ProviderSpec[Any, Any]

P = TypeVar("P", bound=Provider)

_NO_PLUGIN: Final = "No loaded plugin offers its provider: `trunkline plugins list` says why."


class ConnectionState(StrEnum):
    """How a connection does, for readiness."""

    IDLE = "idle"
    """Configured, not used yet."""

    OK = "ok"
    """Open."""

    ERROR = "error"
    """Its configuration is not valid, or it could not be opened when it was last tried."""


_BY_DEFAULT: Final = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """
    One configured account of a provider, in one of its kinds: what it has of each bears its name.

    Attributes:
        kind: A name of `KINDS`.
        config: None if it cannot be used.
        fault: Why it cannot be used, if it cannot: whole sentences without the value of a secret.
        faulty: The fields that the fault is about.
        sound: Of one that cannot be used, the values that are right and no secrets.
        is_registered: It is there because it was registered, and the settings know nothing of it.
        origins: The keys that were set, the hub's own too, and who set each.
        unasked: Nobody named it: it is there for agents that are simulated, and for no others.
    """

    name: str
    kind: str
    spec: AnySpec
    config: BaseModel | None
    bounds: Bounds = _BY_DEFAULT
    fault: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    sound: Mapping[str, object] = field(default_factory=dict)
    faulty: tuple[str, ...] = ()
    is_registered: bool = False
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """The connection that comes first, and the sentence that says why it cannot be used."""

    name: str
    why: str


class Connections:
    """
    The configured connections of this hub.

    `slots` names by kind the connections that serve agents without an override, best first.
    """

    def __init__(
        self,
        connections: Sequence[Connection],
        slots: Mapping[str, Sequence[str]],
        context_for: Callable[[str], ProviderContext],
        log: EventLog,
        open_providers: OpenProviders,
        tables: Sequence[str] = (),
        *,
        mode: Mode = Mode.LIVE,
    ) -> None:
        """`tables` names what has one in the settings; `mode` is that of agents without one."""
        self._mode = mode
        self._all = {(each.name, each.kind): each for each in connections}
        self._tables = dict.fromkeys(tables)
        self._slots = slots
        self._context_for = context_for
        self._log = log
        self._open = open_providers
        self._told: set[tuple[str, str]] = set()
        self._followers: list[Callable[[str], None]] = []
        self._change = asyncio.Event()

    @property
    def change(self) -> asyncio.Event:
        """Set by the next change: read it, look at the connections, then wait for it."""
        return self._change

    def follow(self, told: Callable[[str], None]) -> None:
        """Tell of every change from here on: the name of a connection."""
        self._followers.append(told)

    def replace(self, name: str, connections: Sequence[Connection], *, is_wanted: bool) -> None:
        """
        Have a connection as it is from now on, in each of its kinds; none of them is its end.

        What is under way goes on with the provider that it has. One that `is_wanted` is missed
        where no plugin offers its provider.
        """
        (self._tables.setdefault if is_wanted else self._tables.pop)(name, None)
        before = [each for each in self._all.values() if each.name == name]
        others = [each for each in self._all.values() if each.name != name]
        place = list(self._all.values()).index(before[0]) if before else len(others)
        now = [*others[:place], *connections, *others[place:]]
        self._all = {(each.name, each.kind): each for each in now}
        self._told -= {(name, kind) for kind in KINDS}
        self._open.retire(name)
        for told in self._followers:
            told(name)
        self._change.set()
        self._change = asyncio.Event()

    @asynccontextmanager
    async def tried(self, connection: Connection) -> AsyncIterator[Provider]:
        """
        Open a connection that is none of these, for as long as the block lasts.

        Raises:
            CannotOpen: Its `open` raised.
        """
        held = OpenProvider(connection.name, lambda: self._entered(connection))
        try:
            yield await held.provider()
        finally:
            await held.close(self._log)

    def names(self) -> list[str]:
        """Return the names of all connections that somebody named."""
        return list(dict.fromkeys(each.name for each in self.all()))

    def by_kind(self) -> dict[str, list[str]]:
        """Return the names of the connections of each kind."""
        asked = self.all()
        return {kind: [each.name for each in asked if each.kind == kind] for kind in KINDS}

    def missing(self) -> dict[str, str]:
        """Return what the settings name and cannot be had: a name, and why it cannot."""
        slots = [(name, kind) for kind, names in self._slots.items() for name in names]
        wanted = dict.fromkeys([*self._tables, *(name for name, _ in slots)])
        absent = {name: _NO_PLUGIN for name in sorted(wanted) if self.account(name) is None}
        other = {
            name: f"[slots] {kind} names it, and its provider has no {kind}."
            for name, kind in slots
            if name not in absent and (name, kind) not in self._all
        }
        return absent | other

    def slots_of(self, name: str) -> list[str]:
        """Return the kinds whose slot names a connection."""
        return [kind for kind, names in self._slots.items() if name in names]

    def calling(self) -> list[str]:
        """Return the names of those whose providers call the hub from elsewhere."""
        calling = (
            each.name
            for each in self._all.values()
            if each.spec.webhook is not None and not each.spec.simulated
        )
        return list(dict.fromkeys(calling))

    def all(self) -> list[Connection]:
        """Return all connections that somebody named, in each of their kinds."""
        return [each for each in self._all.values() if not each.unasked]

    def with_unasked(self) -> list[Connection]:
        """Return all connections, also those that only simulated agents use."""
        return list(self._all.values())

    def find(self, name: str, kind: str = TELEPHONY.name) -> Connection | None:
        """Return a connection by its name, in one of its kinds."""
        return self._all.get((name, kind))

    def account(self, name: str) -> Connection | None:
        """Return a connection by its name, in whichever of its kinds: for what they share."""
        return next(iter(self.kinds(name)), None)

    def kinds(self, name: str) -> list[Connection]:
        """Return a connection in each of its kinds."""
        return [each for each in self._all.values() if each.name == name]

    def is_simulated(self, agent: Agent) -> bool:
        """Tell whether nothing that an agent does leaves the hub."""
        return (agent.mode or self._mode) is Mode.SIMULATED

    def for_agent(self, agent: Agent | None, kind: str = TELEPHONY.name) -> Connection:
        """
        Return the connection that serves an agent in a kind; without one, the slot's.

        That of an agent which is simulated is a simulated network, whatever else is configured; and
        of what only helps, such as a voice, one that is free and on this machine.

        Where the slot's first cannot be used, that is the first of those after it that can, which
        `passed_over` tells of, and a warning in the log.

        Raises:
            Missing: None does; the sentence says what to install or set.
        """
        if agent is not None and self.is_simulated(agent):
            return harmless(
                [each for each in self._all.values() if each.kind == kind],
                agent,
                kind,
                self._slots.get(kind, ()),
            )
        own = agent and agent.connection_for(kind)
        name = own or self._default(kind)
        if name is None:
            raise Missing(
                f"No {kind} provider is configured. Install one and name it in the configuration: "
                f'[slots] {kind} = "demo" for trunkline-demo, which simulates one and sends '
                "nothing."
            )
        why = self.why_unusable(name, kind)
        if why is None:
            return self._all[name, kind]
        instead = None if own else self._stand_in(name, kind)
        if instead is None:
            raise Missing(why)
        if (name, kind) not in self._told:
            self._told.add((name, kind))
            self._log.warning(
                "connection.passed_over",
                connection=name,
                instead=instead.name,
                kind=kind,
                reason=why,
            )
        return instead

    def passed_over(self, agent: Agent | None, connection: Connection) -> PassedOver | None:
        """Return whose place a connection of `for_agent` has in its slot, if not its own."""
        if agent and (self.is_simulated(agent) or agent.connection_for(connection.kind)):
            return None
        first = self._default(connection.kind)
        why = None if first is None else self.why_unusable(first, connection.kind)
        if first is None or why is None or first == connection.name:
            return None
        return PassedOver(name=first, why=why)

    def candidates(
        self, connection: Connection, agent: Agent | None, needs: frozenset[str]
    ) -> tuple[Connection, ...]:
        """
        Return the connections that may carry what is meant for `connection`, best first.

        They are those of the slot that can, if it is one of them; an agent's own has no stand-in,
        and a simulated network stands in for none that reaches somebody, nor does any for that of
        an agent which is simulated.
        """
        kind = connection.kind
        if agent is not None and self.is_simulated(agent):
            able = not connection.fault and needs <= connection.spec.capabilities
            return (connection,) if able else ()
        own = agent is not None and agent.connection_for(kind)
        if own or connection.name not in self._slots.get(kind, ()):
            return () if connection.fault else (connection,)
        return tuple(
            other
            for name in dict.fromkeys(self._slots[kind])
            if (other := self._all.get((name, kind))) is not None
            and not other.fault
            and other.spec.simulated == connection.spec.simulated
            and needs <= other.spec.capabilities
        )

    async def opened(self, connection: Connection, base: type[P]) -> P:
        """
        Return a connection's provider, which is one of `base`, opening it at first use.

        Raises:
            CannotOpen: Its `open` raised; the next use tries again.
        """
        provider = await self.provider(connection)
        assert isinstance(provider, base)  # it was checked when it was opened
        return provider

    async def provider(self, connection: Connection) -> Provider:
        """
        Return a connection's provider, of whatever kind, opening it at first use.

        Raises:
            CannotOpen: Its `open` raised; the next use tries again.
        """
        key = connection.name, connection.kind
        current = self._all.get(key)
        if current is None or current.fault:  # it was changed since the caller looked
            raise CannotOpen(f"The connection '{connection.name}' was changed meanwhile.")
        return await self._open.provider(*key, lambda: self._entered(current))

    def why_not_open(self, name: str) -> str | None:
        """Return why a connection could not be opened when it was last tried, if it could not."""
        return self._open.why_not(name)

    def states(self) -> dict[str, ConnectionState]:
        """Return how each connection does."""
        states: dict[str, ConnectionState] = {}
        for each in self.all():
            state = self._state(each)
            before = states.get(each.name, ConnectionState.IDLE)
            states[each.name] = max(before, state, key=list(ConnectionState).index)
        return states | dict.fromkeys(self.missing(), ConnectionState.ERROR)

    async def close(self) -> None:
        """Close every open provider, all at once."""
        await self._open.close()

    @asynccontextmanager
    async def _entered(self, connection: Connection) -> AsyncIterator[Provider]:
        """Enter what an adapter opens; NotConfigured for what no adapter should yield."""
        kind, spec = KINDS[connection.kind], connection.spec
        context = self._context_for(connection.name)
        async with spec.open(connection.config, context) as provider:
            if fault := provider_fault(type(provider), kind, spec.capabilities):
                raise NotConfigured(f"The plugin of '{spec.name}' is faulty: {fault}")
            yield provider

    def why_unusable(self, name: str, kind: str) -> str | None:
        """Return why a connection cannot be used, if it cannot: what to install or set."""
        connection = self._all.get((name, kind))
        if connection is not None:
            fault = connection.fault
            return f"The connection '{name}' is not usable: {fault}" if fault else None
        if self.account(name) is not None:
            return f"The connection '{name}' has no {kind}: its provider offers none. Name another."
        return (
            f"The connection '{name}' does not exist: no plugin of that name is loaded. "
            f"Install its package, which is usually called trunkline-{name}, give "
            f"[providers.{name}] in trunkline.toml the name of another provider, register it with "
            f"`trunkline providers set {name}`, or name another connection."
        )

    def _stand_in(self, first: str, kind: str) -> Connection | None:
        """Return the first of a slot that can be used; one that only simulates is for its like."""
        simulated = (known := self._all.get((first, kind))) is not None and known.spec.simulated
        able = (self._all.get((name, kind)) for name in self._slots.get(kind, ()))
        return next(
            (each for each in able if each and not each.fault and each.spec.simulated == simulated),
            None,
        )

    def _default(self, kind: str) -> str | None:
        if slots := self._slots.get(kind):
            return slots[0]
        able = [each for each in self.all() if each.kind == kind]
        # What the settings have decides; without any it is the first that was registered.
        registered = [each for each in able if each.is_registered][:1]
        able = [each for each in able if not each.is_registered]
        if local := [each for each in able if each.spec.local]:
            # What was there unasked stands back, but for no simulation: that one forgets.
            able = [each for each in able if not (each.spec.local or each.spec.simulated)]
            able = able or registered or local
        able = able or registered
        return able[0].name if len(able) == 1 else None

    def _state(self, connection: Connection) -> ConnectionState:
        if connection.fault or self._open.why_not(connection.name):
            return ConnectionState.ERROR
        is_open = self._open.is_open(connection.name, connection.kind)
        return ConnectionState.OK if is_open else ConnectionState.IDLE
