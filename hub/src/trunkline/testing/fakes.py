"""What the hub lends to an adapter, with time, chance and the log in the test's hands."""

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from trunkline.sdk import (
    Clock,
    IdSource,
    ProviderContext,
    Secrets,
    WebhookReply,
    WebhookRequest,
)

_START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until the test travels."""

    def __init__(self, start: datetime = _START) -> None:
        self._now = start
        self._monotonic_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        """Return once the test has travelled `seconds` from here; at once if that is not ahead."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic_s + seconds, awake))
        await awake

    def travel(self, seconds: float) -> None:
        """
        Move time on and wake who slept that long, the earliest first.

        A negative step is an operator who sets the clock back: `monotonic` stays where it is.
        """
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += max(seconds, 0.0)
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._monotonic_s]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in due]
        for _, awake in sorted(due, key=lambda sleeper: sleeper[0]):
            if not awake.done():  # a sleeper may have been cancelled
                awake.set_result(None)


def seeded_entropy(seed: int = 0) -> Callable[[int], bytes]:
    """Return a source of bytes that are the same in every run: ``IdSource(clock, entropy)``."""
    return random.Random(seed).randbytes  # noqa: S311 - predictable on purpose


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One call of a log: its level, the event's name and the facts."""

    level: str
    event: str
    facts: dict[str, object]


@dataclass(slots=True)
class RecordingLog:
    """An `EventLog` that keeps what it was told."""

    events: list[RecordedEvent] = field(default_factory=list)

    def info(self, event: str, **facts: object) -> None:
        self.events.append(RecordedEvent("info", event, facts))

    def warning(self, event: str, **facts: object) -> None:
        self.events.append(RecordedEvent("warning", event, facts))

    def error(self, event: str, **facts: object) -> None:
        self.events.append(RecordedEvent("error", event, facts))


@dataclass(slots=True)
class FakeSecrets:
    """What a connection keeps, in plain sight."""

    kept: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


def _callback_url(kind: str, agent_id: str, attempt_id: str | None = None) -> str:
    url = f"https://hub.example/webhooks/{agent_id}/{kind}"
    return f"{url}?attempt={attempt_id}" if attempt_id else url


async def _deliver_nothing(request: WebhookRequest) -> WebhookReply:
    raise AssertionError(f"this test expects no webhook, and one came for {request.url}")


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="trunkline-"))


def provider_context(
    http: httpx2.AsyncClient,
    *,
    clock: Clock | None = None,
    log: RecordingLog | None = None,
    deliver: Callable[[WebhookRequest], Awaitable[WebhookReply]] = _deliver_nothing,
    data_dir: Path | None = None,
    secrets: Secrets | None = None,
) -> ProviderContext:
    """Return a context for `ProviderSpec.open`; a clock that stands still unless one is given."""
    clock = clock or FakeClock()
    return ProviderContext(
        connection="test",
        http=http,
        clock=clock,
        ids=IdSource(clock, seeded_entropy()),
        log=log or RecordingLog(),
        callback_url=_callback_url,
        data_dir=lambda: data_dir or _temporary(),
        deliver=deliver,
        secrets=secrets or FakeSecrets(),
    )
