"""Over which connection a message may go at this moment: by breaker, rate and room of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.connections.breaker import Breakers, Permit
from trunkline.core.connections.lanes import Bounds, Lane, Rate
from trunkline.core.connections.refusals import Refusals
from trunkline.core.connections.registry import (
    Connection,
    Connections,
    ConnectionState,
)
from trunkline.core.connections.troubles import Troubles
from trunkline.core.engine.engine import AT_ONCE
from trunkline.core.engine.repository import JobKind, read_beats
from trunkline.core.trouble import tell_trouble
from trunkline.sdk import (
    AuthFailed,
    Clock,
    Database,
    EventLog,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    RetryLater,
)

_REFRESH_S: Final = 1.0
_FULL_S: Final = 2.0
_MOMENT_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Later:
    """None may be asked now: why, and when to look again."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The connection that would be asked, and why one that comes before it would not, if one is."""

    connection: Connection
    passed_over: str | None


@dataclass(slots=True)
class Route:
    """
    Leave to ask one connection once, and the room to do it in; `leave` gives the room back.

    Attributes:
        others: The connections that come after this one, should it not take the message.
        passed_over: Why a connection that comes before it is not asked, if one does.
    """

    connection: Connection
    others: tuple[Connection, ...]
    passed_over: str | None
    _permit: Permit
    _breakers: Breakers
    _troubles: Troubles
    _refusals: Refusals
    _leave: Callable[[], None] | None = field(repr=False)

    def note(self, outcome: Receipt | ProviderError | None) -> None:
        """
        Note what the provider answered, for the sake of those who come after.

        None is of one that did what it was asked, and has no receipts.
        """
        trouble = isinstance(outcome, OutcomeUnknown) or (
            isinstance(outcome, RetryLater) and outcome.unavailable
        )
        self._breakers.note(self._permit, trouble=trouble)
        self._troubles.note(self.connection.name, outcome)
        if isinstance(outcome, AuthFailed):
            self._refusals.note(self.connection.name)

    def leave(self) -> None:
        """Give the room back; a second time does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Routes:
    """Finds routes."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        breakers: Breakers,
        troubles: Troubles,
        clock: Clock,
        log: EventLog,
        *,
        patience_s: float,
    ) -> None:
        """`patience_s` is how long a caller waits for room."""
        self._db = db
        self._connections = connections
        self._breakers = breakers
        self._troubles = troubles
        self._refusals = Refusals(clock, log, troubles)
        self._clock = clock
        self._log = log
        self._patience_s = patience_s
        self._bounds: dict[str, Bounds] = {}
        self._lanes: dict[str, Lane] = {}
        self._rates: dict[str, Rate] = {}
        self._sharers = 1
        for name in dict.fromkeys(each.name for each in connections.with_unasked()):
            self._make_room(name)
        connections.follow(self._make_room)

    def _make_room(self, name: str) -> None:
        """Have a lane for a connection as it is now; what is in an older one leaves it in time."""
        connection = self._connections.account(name)
        bounds = connection.bounds if connection is not None else None
        if self._bounds.get(name) != bounds:
            for each in (self._bounds, self._lanes, self._rates):
                each.pop(name, None)
            if bounds is not None:
                self._bounds[name] = bounds
                self._lanes[name] = Lane(
                    at_once=bounds.max_at_once, jobs_at_once=1, patience_s=self._patience_s
                )
                if bounds.max_per_second is not None:
                    rate = self._rates[name] = Rate(self._clock, bounds.max_per_second)
                    rate.sharers = self._sharers
        asked = len(self._connections.names())
        for lane in self._lanes.values():
            lane.jobs_at_once = max(1, AT_ONCE[JobKind.ATTEMPT] // max(1, asked))

    async def run(self) -> None:
        """Learn every second, until cancelled, what the other hubs know and how many they are."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - it is logged, and looked at again
                tell_trouble(self._log, "connection.states_not_read", error)
            await self._clock.sleep(_REFRESH_S)

    async def refresh(self) -> None:
        """Learn what the other hubs know and how many they are."""
        await self._breakers.refresh()
        beats = await self._db.read(read_beats)
        self._sharers = max(1, len(beats))
        for rate in self._rates.values():
            rate.sharers = self._sharers

    async def save(self) -> None:
        """Tell the other hubs what has changed here, if anything has."""
        await self._breakers.save()

    def states(self) -> dict[str, ConnectionState]:
        """Return how each connection does."""
        states = self._connections.states()
        for name in states:
            if self._breakers.is_open(name) or self._troubles.of(name):
                states[name] = ConnectionState.ERROR
        return states

    async def first(self, candidates: Sequence[Connection]) -> Route | Later:
        """
        Return the route of a first attempt, whose caller waits: for room, if there is none.

        Raises:
            Overloaded: There was none for too long, or too many wait (trunkline.core.problems).
        """
        return await self._find(candidates, is_job=False)

    async def later(self, candidates: Sequence[Connection]) -> Route | Later:
        """Return the route of a later attempt, which waits for nothing."""
        return await self._find(candidates, is_job=True)

    def foreseen(self, candidates: Sequence[Connection]) -> "Foreseen | Later":
        """Return what `first` would now, as far as that can be told without trying."""
        able = self._able(candidates)
        obstacles: list[Later] = []
        for connection in able:
            obstacle = self._in_trouble(connection)
            if obstacle is None:
                rate = self._rates.get(connection.name)
                if rate is not None and (wait_s := rate.foreseen_s()):
                    return self._soon(wait_s, _too_many(connection))
                why = obstacles[0].why if obstacles else None
                if why is None and connection is not candidates[0]:
                    why = _refused(candidates[0])
                return Foreseen(connection, why)
            obstacles.append(obstacle)
        return min(obstacles, key=lambda obstacle: obstacle.at)

    def _able(self, candidates: Sequence[Connection]) -> Sequence[Connection]:
        """Return those whose credentials were not refused, or all if there are no others."""
        rested = [each for each in candidates if not self._refusals.rests(each.name)]
        return rested or candidates

    async def _find(self, candidates: Sequence[Connection], *, is_job: bool) -> Route | Later:
        """Find a route, past those whose credentials were refused if there are others."""
        found = await self._find_among(self._able(candidates), is_job=is_job)
        if isinstance(found, Route) and found.connection is not candidates[0]:
            found.passed_over = found.passed_over or _refused(candidates[0])
        return found

    async def _find_among(self, candidates: Sequence[Connection], *, is_job: bool) -> Route | Later:
        """The first candidate that may be asked; only trouble leads past one that may not."""
        obstacles: list[Later] = []
        for place, connection in enumerate(candidates):
            obstacle = self._in_trouble(connection)
            if obstacle is None:
                found = await self._enter(connection, is_job=is_job)
                if isinstance(found, _Entered):
                    return Route(
                        connection,
                        tuple(candidates[place + 1 :]),
                        obstacles[0].why if obstacles else None,
                        found.permit,
                        self._breakers,
                        self._troubles,
                        self._refusals,
                        found.leave,
                    )
                obstacle = found
            obstacles.append(obstacle)
            if self._in_trouble(connection) is None:
                break
        return min(obstacles, key=lambda obstacle: obstacle.at)

    async def _enter(self, connection: Connection, *, is_job: bool) -> "_Entered | Later":
        lane = self._lanes.get(connection.name)
        if lane is None:  # it was removed since the caller looked
            return self._soon(_FULL_S, f"The connection '{connection.name}' is there no more.")
        if not is_job:
            await lane.enter()
        elif not await lane.enter_job():
            return self._soon(_FULL_S, f"All room for '{connection.name}' is taken.")
        leave = lane.leave_job if is_job else lane.leave
        try:
            obstacle = self._in_trouble(connection) or self._too_fast(connection, told=is_job)
            if obstacle is None:
                permit = await self._breakers.permit(connection.name)
                if permit is not None:
                    return _Entered(permit, leave)
                obstacle = self._in_trouble(connection) or self._soon(_FULL_S, _trouble(connection))
        except BaseException:
            leave()
            raise
        leave()
        return obstacle

    def _in_trouble(self, connection: Connection) -> Later | None:
        until = self._breakers.open_until(connection.name)
        return None if until is None else Later(until, _trouble(connection))

    def _too_fast(self, connection: Connection, *, told: bool) -> Later | None:
        rate = self._rates.get(connection.name)
        wait_s = rate.wait_s(told=told) if rate is not None else 0.0
        if not wait_s:
            return None
        return self._soon(wait_s + _MOMENT_S, _too_many(connection))

    def _soon(self, seconds: float, why: str) -> Later:
        return Later(self._clock.now() + timedelta(seconds=seconds), why)


@dataclass(frozen=True, slots=True)
class _Entered:
    permit: Permit
    leave: Callable[[], None]


def _too_many(connection: Connection) -> str:
    return f"'{connection.name}' takes {connection.bounds.max_per_second:g} a second."


def _refused(connection: Connection) -> str:
    return f"The provider of '{connection.name}' refused its credentials."


def _trouble(connection: Connection) -> str:
    return f"The provider of '{connection.name}' is in trouble and left alone for a while."
