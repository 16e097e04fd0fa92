"""One mail over one SMTP connection, and at every moment what is surely true of it."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutboundEmail,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline.sdk.mail import ascii_domain, needs_smtputf8
from trunkline_smtp.config import SMTP_PORTS, Security, SmtpConfig
from trunkline_smtp.refusals import Stage, refusal

BEFORE_CONTENT_S: Final = 15.0
"""For all that comes before a mail's content: what takes longer is surely not sent."""

_ANSWER_S: Final = 600.0
"""For the answer to a mail, by RFC 5321 §4.5.3.2.6; the hub itself may wait for less."""

_THIS_MACHINE: Final = "[127.0.0.1]"
"""What EHLO says: a name would tell recipients where the hub runs, and servers want none."""

_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_BUSY_RETRY_S: Final = 30.0


class Conversation:
    """One connection to a mail server, which sends one mail at the most."""

    def __init__(self, config: SmtpConfig, tls: ssl.SSLContext) -> None:
        self._config = config
        self._stage = Stage.GREETING
        self._client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port or SMTP_PORTS[config.security],
            use_tls=config.security is Security.TLS,
            start_tls=False,
            tls_context=tls,
            local_hostname=_THIS_MACHINE,
            timeout=BEFORE_CONTENT_S,
        )

    async def open(self) -> None:
        """Connect, encrypt and log in; `ProviderError` if that does not come about."""
        with self._surely_nothing_sent():
            await self._client.connect()
            await self._client.ehlo()
            if self._config.security is Security.STARTTLS:
                await self._encrypt()
            self._stage = Stage.LOG_IN
            if self._config.user and self._config.password:
                await self._log_in(self._config.user, self._config.password.get_secret_value())

    async def offer(self, mail: OutboundEmail, size_bytes: int) -> None:
        """
        Name sender and recipients, so that the content comes next.

        A mail goes to everybody whom it names or to nobody: with one recipient refused it is not
        sent, so that nobody gets it twice once it is sent again, and nobody is said to have it who
        has not. Of several refusals one for good counts for more than one for now.
        """
        client = self._client
        with self._surely_nothing_sent():
            self._stage = Stage.SENDER
            # Bare addresses, as `written` made sure; of others aiosmtplib would make another one.
            sender = ascii_domain(mail.sender)
            everybody = (mail.recipient, *mail.cc, *mail.bcc)
            recipients = list(dict.fromkeys(map(ascii_domain, everybody)))
            options = [f"SIZE={size_bytes}"] if client.supports_extension("size") else []
            encoding = "ascii"
            if needs_smtputf8(mail):
                if not client.supports_extension("smtputf8"):
                    raise Rejected(
                        "The mail server takes no addresses with other letters than ASCII.",
                        provider_code="5.6.7",
                    )
                encoding = "utf-8"
                options.append("SMTPUTF8")
            await client.mail(sender, options=options, encoding=encoding)
            self._stage = Stage.RECIPIENT
            refused: list[ProviderError] = []
            for recipient in recipients:
                try:
                    await client.rcpt(recipient, encoding=encoding)
                except SMTPResponseException as error:
                    why = refusal(error.code, error.message, Stage.RECIPIENT)
                    if isinstance(why, Rejected):
                        why.recipient = recipient
                    refused.append(why)
                    if error.code == 421:
                        break
            if refused:
                raise min(refused, key=lambda each: isinstance(each, RetryLater))
            self._stage = Stage.DATA
            answer = await client.execute_command(b"DATA")
            if answer.code != 354:
                raise refusal(answer.code, answer.message, Stage.DATA)

    async def give(self, content: bytes) -> None:
        """
        Write a mail's content and hear whether it was taken.

        Raises:
            OutcomeUnknown: From the first byte on, whatever breaks: nobody can tell how much of it
                the server has.
        """
        protocol = self._client.protocol
        if protocol is None:
            raise RetryLater("The mail server hung up.", unavailable=True)
        self._stage = Stage.CONTENT
        try:
            protocol.write(_on_the_wire(content))
            answer = await protocol.read_response(timeout=_ANSWER_S)
        except SMTPResponseException as error:  # it cannot be read
            raise refusal(error.code, "", Stage.CONTENT) from None
        except (SMTPException, OSError) as error:
            raise OutcomeUnknown("The mail server did not say whether it took the mail.") from error
        if not 200 <= answer.code <= 299:
            raise refusal(answer.code, answer.message, Stage.CONTENT)

    def close(self) -> None:
        """Say good-bye, which needs no answer, and hang up."""
        protocol = self._client.protocol
        if protocol is not None and protocol.is_connected and self._stage is not Stage.DATA:
            protocol.write(b"QUIT\r\n")
        self._client.close()

    async def _encrypt(self) -> None:
        if not self._client.supports_extension("starttls"):
            raise NotSetUp(
                "The mail server offers no STARTTLS, or somebody on the way hides it: nothing was "
                "sent. Set security to tls, or ask the server's operator."
            )
        await self._client.starttls()
        await self._client.ehlo()

    async def _log_in(self, user: str, password: str) -> None:
        if not self._client.supported_auth_methods:
            raise AuthFailed("The mail server offers no way to log in that is known here.")
        await self._client.login(user, password)

    @contextmanager
    def _surely_nothing_sent(self) -> Iterator[None]:
        """Turn whatever breaks before the content into what may be done about it."""
        try:
            yield
        except SMTPResponseException as error:
            raise refusal(error.code, error.message, self._stage) from None
        except ssl.SSLError as error:
            raise _no_trust() from error
        except (SMTPException, OSError) as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise _no_trust() from error
            raise RetryLater(
                "The mail server could not be reached, or hung up.",
                retry_after_s=_BUSY_RETRY_S,
                unavailable=True,
            ) from error


def _no_trust() -> NotSetUp:
    return NotSetUp(
        "The mail server's certificate is not to be trusted, or it speaks no TLS there: check "
        "host, port and security. A certificate authority of your own goes into SSL_CERT_FILE."
    )


def _on_the_wire(content: bytes) -> bytes:
    """Return a mail, whose lines end with CRLF, with dots doubled and the dot that ends it."""
    return _DOT.sub(b"..", content) + b".\r\n"  # RFC 5321 §4.5.2
