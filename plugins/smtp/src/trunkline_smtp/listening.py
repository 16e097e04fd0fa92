"""A mailbox told to the hub, mail by mail, for as long as it listens."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from trunkline.sdk import Heard, InboundEvent, ProviderContext, RetryLater, Unsupported
from trunkline_smtp.config import SmtpConfig
from trunkline_smtp.events import events_of, unreadable
from trunkline_smtp.imap import Lost, Mailbox, Opened
from trunkline_smtp.position import Position

LOOK_EVERY_S: Final = 60.0
"""A look at the mailbox, though the server promised to tell: some forget, and one may be missed."""

_ANSWER_S: Final = 300.0
"""For one command, however slowly a server talks."""

_VERIFY_S: Final = 20.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
_STEADY_S: Final = 120.0
"""A connection that lasted so long was a good one: the next is tried at once."""

_MOST_TRIES: Final = 4
"""At one mail with which the connection breaks each time, before it is left in the mailbox."""

T = TypeVar("T")


class Ask(Protocol):
    """Runs something that blocks in the connection's own thread."""

    async def __call__(self, work: Callable[[], T], within_s: float = _ANSWER_S) -> T: ...


class Listening:
    """One mailbox, listened to; it connects anew whenever a connection breaks."""

    def __init__(self, config: SmtpConfig, context: ProviderContext, tls: ssl.SSLContext) -> None:
        self._config = config
        self._context = context
        self._tls = tls
        self._at: Position | None = None
        self._tries: dict[int, int] = {}
        self._told = 0
        self._is_lost = False
        self._told_again = (0, 0)  # the validity of a new numbering, and up to which UID

    async def listen(self, position: str | None) -> AsyncIterator[Heard]:
        """Tell what comes in after a position, as `MessageProvider.listen` has it."""
        if self._config.imap_host is None:
            raise Unsupported("listening without imap_host")
        clock = self._context.clock
        self._at = None if position is None else Position.read(position)
        pause_s = _FIRST_PAUSE_S
        while True:
            begun_s, before = clock.monotonic(), self._told
            try:
                async with (
                    in_a_thread(Mailbox(self._config, self._tls)) as (mailbox, ask),
                    aclosing(self._connected(mailbox, ask)) as told,
                ):
                    async for heard in told:
                        yield heard
            except Lost as error:
                steady = clock.monotonic() - begun_s > _STEADY_S or self._told > before
                pause_s = _FIRST_PAUSE_S if steady else min(2 * pause_s, _LONGEST_PAUSE_S)
                self._is_lost = True
                self._context.log.warning("imap.lost", reason=str(error), again_in_s=pause_s)
            await clock.sleep(pause_s * (0.5 + self._context.ids.secret(1)[0] / 512))

    async def verify(self) -> None:
        """Log in and look at the mailbox once; `ProviderError` if that does not come about."""
        try:
            async with in_a_thread(Mailbox(self._config, self._tls)) as (mailbox, ask):
                await ask(mailbox.open, _VERIFY_S)
        except Lost as error:
            raise RetryLater("The mailbox could not be reached.", unavailable=True) from error

    async def _connected(self, mailbox: Mailbox, ask: Ask) -> AsyncGenerator[Heard, None]:
        opened = await ask(mailbox.open)
        if self._is_lost:
            self._is_lost = False
            self._context.log.info("imap.back")
        at = self._at
        if at is None:
            now_s = int(self._context.clock.now().timestamp())
            at = Position(validity=opened.validity, uid=opened.next_uid - 1, since_s=now_s)
            self._at = at
            yield Heard(events=(), position=str(at))
        elif at.validity != opened.validity or opened.next_uid <= at.uid:
            async with aclosing(self._again(mailbox, ask, at, opened)) as again:
                async for heard in again:
                    yield heard
        while True:
            async with aclosing(self._news(mailbox, ask)) as news:
                async for heard in news:
                    yield heard
            await ask(lambda: mailbox.wait(LOOK_EVERY_S), LOOK_EVERY_S + _ANSWER_S)

    async def _again(
        self, mailbox: Mailbox, ask: Ask, at: Position, opened: Opened
    ) -> AsyncGenerator[Heard, None]:
        """
        Tell again what came in since about the last mail that was told, where its UID is no help.

        Until all is told the old position stays: the hub knows by their ids which mails it has.
        """
        self._context.log.warning("imap.renumbered")
        if self._told_again[0] != opened.validity:
            self._told_again = (opened.validity, 0)
        for uid in await ask(lambda: mailbox.since(at.since_s)):
            if self._told_again[1] < uid < opened.next_uid:
                events, _ = await self._mail(mailbox, ask, opened.validity, uid)
                if events:
                    self._told += 1
                    yield Heard(events=events, position=str(at))
                self._told_again = (opened.validity, uid)
        self._at = Position(validity=opened.validity, uid=opened.next_uid - 1, since_s=at.since_s)
        yield Heard(events=(), position=str(self._at))

    async def _news(self, mailbox: Mailbox, ask: Ask) -> AsyncGenerator[Heard, None]:
        at = self._at
        assert at is not None
        for uid in await ask(lambda: mailbox.after(self._known().uid)):
            events, came_s = await self._mail(mailbox, ask, at.validity, uid)
            if events:  # one that is gone, or never was, moves nothing
                self._at = self._known().after(uid, came_s)
                self._told += 1
                yield Heard(events=events, position=str(self._at))

    def _known(self) -> Position:
        assert self._at is not None
        return self._at

    async def _mail(
        self, mailbox: Mailbox, ask: Ask, validity: int, uid: int
    ) -> tuple[tuple[InboundEvent, ...], int | None]:
        """Return what a mail tells, nothing if it is gone, and when it came in."""
        place = f"{validity}:{uid}"
        most_bytes = self._config.max_received_bytes
        if self._tries.get(uid, 0) >= _MOST_TRIES:
            reason = "The connection breaks at this mail each time: it stays in the mailbox."
            return (unreadable(place, reason),), None
        self._tries[uid] = self._tries.get(uid, 0) + 1
        envelope = await ask(lambda: mailbox.look(uid))
        if envelope is None:
            del self._tries[uid]
            return (), None
        raw: bytes | None = b""
        if envelope.size_bytes <= most_bytes:
            raw = await ask(lambda: mailbox.fetch(uid, most_bytes + 1))
        del self._tries[uid]
        if raw is None:
            return (), None
        if max(envelope.size_bytes, len(raw)) > most_bytes:
            reason = "A mail is larger than max_received_mb: it stays in the mailbox."
            return (unreadable(place, reason),), envelope.came_s
        if not raw:
            reason = "The server gives nothing of a mail: it stays in the mailbox."
            return (unreadable(place, reason),), envelope.came_s
        return await self._read(raw, place, envelope.came_s), envelope.came_s

    async def _read(self, raw: bytes, place: str, came_s: int | None) -> tuple[InboundEvent, ...]:
        events = await asyncio.to_thread(
            events_of,
            raw,
            place=place,
            came_at=None if came_s is None else datetime.fromtimestamp(came_s, UTC),
            own_address=self._config.own_address,
            trusted_hosts=frozenset(map(str.lower, self._config.trusted_hosts)),
        )
        return tuple(events)


@asynccontextmanager
async def in_a_thread(mailbox: Mailbox) -> AsyncIterator[tuple[Mailbox, Ask]]:
    """Lend a mailbox with the thread that it is used in; both are let go of without waiting."""
    thread = ThreadPoolExecutor(1, "imap")
    loop = asyncio.get_running_loop()

    async def ask(work: Callable[[], T], within_s: float = _ANSWER_S) -> T:
        try:
            async with asyncio.timeout(within_s):
                return await loop.run_in_executor(thread, work)
        except TimeoutError:
            raise Lost("too slow") from None

    try:
        yield mailbox, ask
    finally:
        mailbox.hang_up()
        thread.submit(mailbox.close)
        thread.shutdown(wait=False)
