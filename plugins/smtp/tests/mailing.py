"""A mail to send, and an account to send it with."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from plugins.smtp.tests.servers import PASSWORD, USER, client_tls
from trunkline.sdk import OutboundEmail
from trunkline.testing import Canned, Drop, RecordingLog, Wire, provider_context
from trunkline_smtp.account import MailAccount
from trunkline_smtp.config import SmtpConfig

LOGGED_IN = {"user": USER, "password": PASSWORD}
MAIL = OutboundEmail(
    sender="hub@example.com",
    recipient="rosa@example.org",
    subject="Grüße, Rosa",
    body="Héllo\r\n.a line with a dot",
    message_id="<att_1@hub.example>",
    idempotency_key="att_1",
    status_url=None,
    sender_name="The Hub",
)


@asynccontextmanager
async def opened(
    port: int, settings: Mapping[str, object] | None = None, *, answer: Canned | Drop | None = None
) -> AsyncIterator[MailAccount]:
    """Open an account at a port of this machine, without encryption unless told."""
    config = SmtpConfig.model_validate(
        {"host": "127.0.0.1", "port": port, "security": "none", **(settings or {})}
    )
    async with Wire(answer or Canned(status=404)).client() as http:
        log = RecordingLog()
        yield MailAccount(config, provider_context(http, log=log), client_tls())
        assert log.events == []
