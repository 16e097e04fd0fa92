"""Mail servers on loopback: aiosmtpd as it is, and one that does what it is told, line by line."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "hub@example.com", "an app password"
AUTHORITY: Final = trustme.CA()


@cache
def client_tls() -> ssl.SSLContext:
    """Return a context that trusts the tests' certificate authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


@cache
def server_tls(name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return a context that shows a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@dataclass(slots=True)
class Kept:
    """What aiosmtpd was given; recipients that begin with a digit are refused with those digits."""

    mails: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address[:3].isdigit():
            return f"{address[:3]} {address[0]}.1.1 <{address}> is refused"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        return "250 2.0.0 queued"


def _log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def aiosmtpd(
    *, security: str = "starttls", name: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, Kept]]:
    """Run aiosmtpd on a free port; it wants a log-in where the connection is encrypted."""
    kept = Kept()
    tls = None if security == "none" else server_tls(name)

    def conversation() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # it does not see the TLS around it
            return SMTP(
                kept,
                hostname="mail.example",
                enable_SMTPUTF8=True,
                tls_context=tls if security == "starttls" else None,
                require_starttls=security == "starttls",
                auth_required=security != "none",
                auth_require_tls=security == "starttls",
                authenticator=_log_in,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        conversation, "127.0.0.1", 0, ssl=tls if security == "tls" else None
    )
    try:
        yield server.sockets[0].getsockname()[1], kept
    finally:
        server.close()
        await server.wait_closed()


HANG_UP: Final = b""
"""An answer that is none: the connection ends."""

SILENCE: Final = None
"""An answer that never comes."""

POLITE: Final[Mapping[str, bytes]] = {
    "greeting": b"220 mail.example\r\n",
    "EHLO": b"250-mail.example\r\n250 SIZE 1000000\r\n",
    "MAIL": b"250 2.1.0 fine\r\n",
    "RCPT": b"250 2.1.5 fine\r\n",
    "DATA": b"354 go on\r\n",
    "content": b"250 2.0.0 queued\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass(slots=True)
class Heard:
    """What a server of a script was told; of each mail the recipients and the content."""

    lines: list[str] = field(default_factory=list)
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    content: bytes = b""
    connections: int = 0

    def verbs(self) -> list[str]:
        """Return the commands without what follows them."""
        return [line.partition(" ")[0].upper() for line in self.lines]


Answer = bytes | None


@asynccontextmanager
async def scripted(answers: Mapping[str, Answer]) -> AsyncIterator[tuple[int, Heard]]:
    """Run a server that answers each command as it is told, on a free port."""
    script: dict[str, Answer] = {**POLITE, **answers}
    heard = Heard()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.connections += 1
        said = await _say(writer, script["greeting"])
        envelope: list[str] = []
        while said and (line := await reader.readline()):
            heard.lines.append(line.decode().rstrip())
            verb = line[:4].decode().upper()
            if verb == "RCPT":
                envelope.append(line.decode().partition("<")[2].partition(">")[0])
            said = await _say(writer, script.get(verb, b"502 5.5.1 what\r\n"))
            if said and verb == "DATA" and script["DATA"] == POLITE["DATA"]:
                heard.content = await _content(reader)
                heard.mails.append((envelope, heard.content))
                said = await _say(writer, script["content"])

    async with serving(converse) as port:
        yield port, heard


async def _content(reader: asyncio.StreamReader) -> bytes:
    lines: list[bytes] = []
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        lines.append(line)
    return b"".join(lines)


async def _say(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Say it, and tell whether the conversation goes on."""
    if answer is SILENCE:
        await asyncio.sleep(3600)
    if not answer:
        return False
    writer.write(answer)
    await writer.drain()
    return not answer.startswith(b"421")


Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(converse: Converse) -> AsyncIterator[int]:
    """Serve a conversation on a free port, and end those that still go on."""
    tasks: set[asyncio.Task[None]] = set()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await converse(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # it is the client's or the test's to end it
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(held, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await server.wait_closed()
