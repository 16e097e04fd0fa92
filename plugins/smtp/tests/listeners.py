"""What the hub does with an account that it listens to, in a few lines; and mails to hear of."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from plugins.smtp.tests.servers import client_tls
from trunkline.sdk import Clock, Heard, InboundEvent, SystemClock
from trunkline.testing import Canned, RecordingLog, Wire, provider_context
from trunkline_smtp.account import MailAccount
from trunkline_smtp.config import SmtpConfig

BOUNCE = b"""Return-Path: <>
Delivered-To: hub@example.com
From: Mail Delivery System <MAILER-DAEMON@mail.example>
To: hub@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Message-ID: <b1@mail.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

It did not work.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.org>: no such user

Final-Recipient: rfc822; copy@example.org
Action: failed
Status: 5.2.2
--x
Content-Type: text/rfc822-headers

From: hub@example.com
To: nobody@example.org
Cc: copy@example.org
Message-ID: <att_1@hub.example>
Subject: Hello
--x--
""".replace(b"\n", b"\r\n")
COMPLAINT = b"""From: feedback@mail.example
To: hub@example.com
Subject: complaint
MIME-Version: 1.0
Message-ID: <c1@mail.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="x"

--x
Content-Type: text/plain

Unwanted.
--x
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x
Version: 1

--x
Content-Type: message/rfc822

From: hub@example.com
To: rosa@example.org
Message-ID: <att_2@hub.example>
Subject: Hello

Hello
--x--
""".replace(b"\n", b"\r\n")


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
    clock: Clock = field(default_factory=SystemClock)

    @asynccontextmanager
    async def account(self) -> AsyncIterator[MailAccount]:
        """Open the account."""
        here: dict[str, object] = {"host": "127.0.0.1", "security": "none"}
        config = SmtpConfig.model_validate({**here, **self.settings})
        async with Wire(Canned(status=404)).client() as http:
            context = provider_context(http, clock=self.clock, log=self.log)
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
