"""One open mail account."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from trunkline.sdk import (
    Account,
    EmailProvider,
    Heard,
    Media,
    OutboundEmail,
    ProviderContext,
    Receipt,
    Rejected,
    RetryLater,
    Unsupported,
    refuse_line_breaks,
)
from trunkline.sdk.mail import needs_smtputf8, written
from trunkline_smtp.attachments import fetched
from trunkline_smtp.config import SmtpConfig
from trunkline_smtp.files import read_file
from trunkline_smtp.listening import Listening
from trunkline_smtp.sending import BEFORE_CONTENT_S, Conversation


class MailAccount(EmailProvider):
    """A mail account: SMTP to send, IMAP to listen. Each mail goes over a connection of its own."""

    def __init__(self, config: SmtpConfig, context: ProviderContext, tls: ssl.SSLContext) -> None:
        self._config = config
        self._context = context
        self._tls = tls

    async def send(self, mail: OutboundEmail) -> Receipt:
        refuse_line_breaks(mail)
        files = await fetched(self._context.http, mail.media, self._config.max_attachments_bytes)
        try:
            content = written(
                mail,
                date=self._context.clock.now(),
                files=files,
                smtputf8=needs_smtputf8(mail),  # of a server that takes no such it goes no further
            )
        except ValueError as error:
            raise Rejected(f"The mail cannot be written: {error}") from error
        conversation = Conversation(self._config, self._tls)
        try:
            async with _before_content():
                await conversation.open()
                await conversation.offer(mail, len(content))
            await conversation.give(content)
        finally:
            conversation.close()
        return Receipt(provider_id=mail.message_id)

    async def verify(self) -> Account:
        conversation = Conversation(self._config, self._tls)
        try:
            async with _before_content():
                await conversation.open()
        finally:
            conversation.close()
        if self._config.imap_host is not None:
            await self._listening().verify()
        return Account(name=self._config.user)

    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        if self._config.imap_host is None:
            raise Unsupported("fetching media without imap_host")
        async with aclosing(read_file(self._config, self._tls, media.url)) as pieces:
            async for piece in pieces:
                yield piece

    def listen(self, position: str | None) -> AsyncIterator[Heard]:
        return self._listening().listen(position)

    def _listening(self) -> Listening:
        return Listening(self._config, self._context, self._tls)


@asynccontextmanager
async def _before_content() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BEFORE_CONTENT_S):
            yield
    except TimeoutError:
        raise RetryLater(
            "The mail server was too slow: nothing was sent.", unavailable=True
        ) from None


@asynccontextmanager
async def open_account(config: SmtpConfig, context: ProviderContext) -> AsyncIterator[MailAccount]:
    """Open one account. Connections are made when there is something to say."""
    yield MailAccount(config, context, await asyncio.to_thread(ssl.create_default_context))
