"""What the hub does with an account that it listens to, in a few lines; and mails to hear of."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from plugins.smtp.tests.servers import client_tls
from trunkline.sdk import Heard, InboundEvent, SystemClock
from trunkline.testing import Canned, RecordingLog, Wire, provider_context
from trunkline_smtp.account import MailAccount
from trunkline_smtp.config import SmtpConfig


def mail(number: int, *, body: str = "Hi", to: str = "hub@example.com") -> bytes:
    """Return a mail, another for each number."""
    return (
        f"Delivered-To: {to}\r\nFrom: Rosa <rosa@example.org>\r\nTo: {to}\r\n"
        f"Subject: Nr. {number}\r\nMessage-ID: <{number}@example.org>\r\n"
        f"Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\n{body} {number}\r\n"
    ).encode()


@dataclass(slots=True)
class Hub:
    """Stores what it is told and asks for the next; what it stored outlives its listening."""

    settings: Mapping[str, object]
    position: str | None = None
    events: list[InboundEvent] = field(default_factory=list)
    log: RecordingLog = field(default_factory=RecordingLog)

    @asynccontextmanager
    async def account(self) -> AsyncIterator[MailAccount]:
        """Open the account."""
        here: dict[str, object] = {"host": "127.0.0.1", "security": "none"}
        config = SmtpConfig.model_validate({**here, **self.settings})
        async with Wire(Canned(status=404)).client() as http:
            context = provider_context(http, clock=SystemClock(), log=self.log)
            yield MailAccount(config, context, client_tls())

    async def listen(self, events: int, *, within_s: float = 20.0) -> list[InboundEvent]:
        """Listen until so many more events are stored and acknowledged, and return them."""
        before = len(self.events)
        async with self.account() as account, asyncio.timeout(within_s):
            told = cast(AsyncGenerator[Heard, None], account.listen(self.position))
            async with aclosing(told):
                async for heard in told:
                    self.store(heard)
                    if len(self.events) >= before + events:
                        break
        return self.events[before:]

    def store(self, heard: Heard) -> None:
        """Store events, each once, with the position."""
        known = {each.external_id for each in self.events}
        self.events += [each for each in heard.events if each.external_id not in known]
        self.position = heard.position
