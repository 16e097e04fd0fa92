"""Which connections there are, which one serves an agent, and their open providers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from trunkline.core.agents.models import Agent
from trunkline.core.connections.lanes import AT_ONCE
from trunkline.core.problems import Missing
from trunkline.loading import provider_fault
from trunkline.sdk import (
    KINDS,
    TELEPHONY,
    EventLog,
    MessageProvider,
    NotConfigured,
    ProviderContext,
    ProviderSpec,
    TrunklineError,
)

MessageSpec = ProviderSpec[MessageProvider[Any], Any]

_CLOSE_TIMEOUT_S: Final = 2.0
_LONGEST_TOLD: Final = 300
_NO_PLUGIN: Final = "No loaded plugin offers its provider: `trunkline plugins list` says why."


class ConnectionState(StrEnum):
    """How a connection does, for readiness."""

    IDLE = "idle"
    """Configured, not used yet."""

    OK = "ok"
    """Open."""

    ERROR = "error"
    """Its configuration is not valid, or it could not be opened when it was last tried."""


class Bounds(BaseModel):
    """What a connection's table may say to the hub; its other keys are for the adapter."""

    model_config = ConfigDict(frozen=True)

    max_at_once: int = Field(default=AT_ONCE, ge=1, le=10_000)
    max_per_second: float | None = Field(default=None, gt=0, le=10_000, allow_inf_nan=False)


_BY_DEFAULT: Final = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """
    One configured account of a provider, in one of its kinds: what it has of each bears its name.

    Attributes:
        kind: A name of `KINDS`.
        config: None if it cannot be used.
        fault: Why it cannot be used, if it cannot: whole sentences without the value of a secret.
        sound: Of one that cannot be used, the values that are right and no secrets.
        origins: The keys that were set, the hub's own too, and who set each.
    """

    name: str
    kind: str
    spec: MessageSpec
    config: BaseModel | None
    bounds: Bounds = _BY_DEFAULT
    fault: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    sound: Mapping[str, object] = field(default_factory=dict)


class CannotOpen(Exception):
    """
    A provider's `open` raised, its cause: surely nothing was sent.

    The text is a sentence for operator and agent.
    """


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
        tables: Sequence[str] = (),
    ) -> None:
        """`tables` are the names of the connections that have a table in the settings."""
        self._all = {(each.name, each.kind): each for each in connections}
        self._tables = tables
        self._slots = slots
        self._context_for = context_for
        self._log = log
        self._open: dict[tuple[str, str], _OpenConnection] = {}
        self._failed: dict[str, str] = {}

    def names(self) -> list[str]:
        """Return the names of all connections."""
        return list(dict.fromkeys(name for name, _ in self._all))

    def by_kind(self) -> dict[str, list[str]]:
        """Return the names of the connections of each kind."""
        return {kind: [name for name, each in self._all if each == kind] for kind in KINDS}

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

    def calling(self) -> list[str]:
        """Return the names of those whose providers call the hub from elsewhere."""
        calling = (
            each.name
            for each in self._all.values()
            if each.spec.webhook is not None and not each.spec.simulated
        )
        return list(dict.fromkeys(calling))

    def all(self) -> list[Connection]:
        """Return all connections, in each of their kinds."""
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

    def for_agent(self, agent: Agent, kind: str = TELEPHONY.name) -> Connection:
        """
        Return the connection that serves an agent in a kind.

        Raises:
            Missing: None does; the sentence says what to install or set.
        """
        name = agent.connection_for(kind) or self._default(kind)
        if name is None:
            raise Missing(
                f"No {kind} provider is configured. Install one and name it in the configuration: "
                f'[slots] {kind} = "demo" for trunkline-demo, which simulates one and sends '
                "nothing."
            )
        connection = self._all.get((name, kind))
        if connection is None and self.account(name) is not None:
            raise Missing(
                f"The connection '{name}' has no {kind}: its provider offers none. Name another."
            )
        if connection is None:
            raise Missing(
                f"The connection '{name}' does not exist: no plugin of that name is loaded. "
                f"Install its package, which is usually called trunkline-{name}, give "
                f"[providers.{name}] in trunkline.toml the name of another provider, or name "
                "another connection."
            )
        if connection.fault:
            raise Missing(f"The connection '{name}' is not usable: {connection.fault}")
        return connection

    def candidates(
        self, connection: Connection, agent: Agent, needs: frozenset[str]
    ) -> tuple[Connection, ...]:
        """
        Return the connections that may carry what is meant for `connection`, best first.

        They are those of the slot that can, if it is one of them; an agent's own has no stand-in,
        and a simulated network stands in for none that reaches somebody.
        """
        kind = connection.kind
        if agent.connection_for(kind) or connection.name not in self._slots.get(kind, ()):
            return () if connection.fault else (connection,)
        return tuple(
            other
            for name in dict.fromkeys(self._slots[kind])
            if (other := self._all.get((name, kind))) is not None
            and not other.fault
            and other.spec.simulated == connection.spec.simulated
            and needs <= other.spec.capabilities
        )

    async def provider(self, connection: Connection) -> MessageProvider[Any]:
        """
        Return a connection's provider, opening it at first use.

        Raises:
            CannotOpen: Its `open` raised; the next use tries again.
        """
        key = connection.name, connection.kind
        held = self._open.get(key)
        if held is None:
            held = _OpenConnection(connection, self._context_for(connection.name))
            self._open[key] = held
        try:
            provider = await held.provider()
        except CannotOpen as error:
            self._failed[connection.name] = str(error)
            if self._open.get(key) is held:
                del self._open[key]
            self._log.error(
                "connection.open_failed",
                connection=connection.name,
                error_type=type(error.__cause__).__name__,
                reason=str(error),
                exc_info=None if isinstance(error.__cause__, TrunklineError) else error.__cause__,
            )
            raise
        self._failed.pop(connection.name, None)
        return provider

    def why_not_open(self, name: str) -> str | None:
        """Return why a connection could not be opened when it was last tried, if it could not."""
        return self._failed.get(name)

    def states(self) -> dict[str, ConnectionState]:
        """Return how each connection does."""
        states: dict[str, ConnectionState] = {}
        for each in self._all.values():
            state = self._state(each)
            before = states.get(each.name, ConnectionState.IDLE)
            states[each.name] = max(before, state, key=list(ConnectionState).index)
        return states | dict.fromkeys(self.missing(), ConnectionState.ERROR)

    async def close(self) -> None:
        """Close every open provider, all at once."""
        await asyncio.gather(*(held.close(self._log) for held in self._open.values()))
        self._open.clear()

    def _default(self, kind: str) -> str | None:
        if slots := self._slots.get(kind):
            return slots[0]
        able = [name for name, of in self._all if of == kind]
        return able[0] if len(able) == 1 else None

    def _state(self, connection: Connection) -> ConnectionState:
        if connection.fault or connection.name in self._failed:
            return ConnectionState.ERROR
        held = self._open.get((connection.name, connection.kind))
        return ConnectionState.OK if held and held.is_open else ConnectionState.IDLE


class _OpenConnection:
    """
    A provider in the hands of one task, which enters its context manager and leaves it again.

    Whatever the adapter raises, SystemExit too, stays in here: it never ends the hub.
    """

    def __init__(self, connection: Connection, context: ProviderContext) -> None:
        self._name = connection.name
        self._opened: asyncio.Future[MessageProvider[Any]] = asyncio.Future()
        self._stop = asyncio.Event()
        self._close_error: BaseException | None = None
        self._task = asyncio.create_task(self._hold(connection, context))

    @property
    def is_open(self) -> bool:
        return self._opened.done() and self._opened.exception() is None

    async def provider(self) -> MessageProvider[Any]:
        return await asyncio.shield(self._opened)

    async def close(self, log: EventLog) -> None:
        self._stop.set()
        if not self._opened.done():
            self._task.cancel()
        _, hanging = await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT_S)
        for task in hanging:
            task.cancel()
            self._close_error = TimeoutError()
        if self._close_error is not None:
            log.error(
                "connection.close_failed",
                connection=self._name,
                error_type=type(self._close_error).__name__,
            )

    async def _hold(self, connection: Connection, context: ProviderContext) -> None:
        try:
            async with connection.spec.open(connection.config, context) as provider:
                _check(provider, connection)
                self._opened.set_result(provider)
                await self._stop.wait()
        except BaseException as error:
            if self._opened.done():
                self._close_error = error
            else:
                failure = CannotOpen(_told(error))
                failure.__cause__ = error
                self._opened.set_exception(failure)
            if isinstance(error, asyncio.CancelledError):
                raise


def _check(provider: object, connection: Connection) -> None:
    """Raise NotConfigured for what no adapter should yield."""
    kind, capabilities = KINDS[connection.kind], connection.spec.capabilities
    if fault := provider_fault(type(provider), kind, capabilities):
        raise NotConfigured(f"The plugin of '{connection.spec.name}' is faulty: {fault}")


def _told(error: BaseException) -> str:
    """Return what an error says if it is one of ours, which promise a text fit for everybody."""
    if isinstance(error, TrunklineError):
        return str(error)[:_LONGEST_TOLD]
    return f"Its adapter raised {type(error).__name__}; the log says where."


def not_set(uncalled: Sequence[str]) -> str:
    """Return what it means that no public URL is set, for connections that would be called."""
    return (
        f"server.public_url is not set, so {', '.join(uncalled)} cannot call the hub: nothing "
        "comes in, and what became of a text is looked up late. Set it to the https address that "
        "leads here."
    )
