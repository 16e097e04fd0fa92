"""A vendor that is away, slow, broken or hostile: what is told, stored and logged is true."""

import asyncio
import base64
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plugins.twilio.tests.vendor import ACCOUNT, TOKEN, message
from tests.egress.certificates import certificate
from tests.egress.servers import Peer, Talk, hang_up, say_nothing, saying, serving
from tests.flows.hubs import StartHub
from tests.flows.logs import every_level
from tests.flows.networks import ALICE, BOB
from trunkline.egress.wire import MAX_ANSWER_BYTES

TOO_SOON: Final = "Twilio limits our rate: it takes the same later."
BODY: Final = "Guacamole-7f31"
LOGIN: Final = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
TIMEOUT_S: Final = 5.0
BRIEF_S: Final = 0.6
TAKEN: Final = json.dumps(message()).encode()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a send came to: its answer, what was stored, the answer to the same again, the log."""

    response: httpx2.Response
    asked_at: datetime
    answered_at: datetime
    stored: str
    again: httpx2.Response
    log: list[dict[str, Any]]

    @property
    def answer(self) -> dict[str, Any]:
        """The answer's JSON."""
        answer: dict[str, Any] = self.response.json()
        return answer

    def reasons(self, event: str) -> set[str]:
        """Return the reasons that the log gives for an event."""
        return {line["reason"] for line in self.log if line["event"] == event}


Send = Callable[..., Awaitable[Told]]


@pytest.fixture
def send(start_hub: StartHub, capsys: pytest.CaptureFixture[str]) -> Iterator[Send]:
    """Return a function that sends a text through Twilio at a URL, and the same again at once."""

    async def send_twice(url: str, timeout_s: float = TIMEOUT_S) -> Told:
        toml = f"""
[slots]
telephony = "twilio"
[providers.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
base_url = "{url}"
[messages]
provider_timeout_s = {timeout_s}
"""
        async with start_hub(toml=toml) as hub:
            ann = await hub.agent("ann", ALICE)
            asked_at = datetime.now(UTC)
            response = await ann.try_send(BOB, BODY)
            answered_at = datetime.now(UTC)
            (stored,) = await ann.inbox()
            again = await ann.try_send(BOB, BODY)
        log = capsys.readouterr().err
        private = (ALICE[1:], BOB[1:], TOKEN, LOGIN, ann.token.rpartition("_")[2], BODY)
        assert not [each for each in private if each in log + response.text + again.text]
        assert (answered_at - asked_at).total_seconds() < timeout_s + 2
        return Told(
            response=response,
            asked_at=asked_at,
            answered_at=answered_at,
            stored=stored["status"],
            again=again,
            log=[json.loads(line) for line in log.splitlines()],
        )

    with every_level():
        yield send_twice


def answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """Return an HTTP answer; `length` is what it claims to have, if that is not so."""
    claimed = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {claimed}"])
    return f"{head}\r\n\r\n".encode() + body


def taken(**changes: object) -> bytes:
    """Return Twilio's answer to a text that it took, but for what is changed."""
    return answer("201 Created", json.dumps(message(**changes)).encode())


# --- surely not sent ------------------------------------------------------------------------------

Somewhere = Callable[[Path], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def nobody(_: Path) -> AsyncIterator[str]:
    """Yield the URL of a port where nobody listens."""
    async with serving() as server:
        pass
    yield server.url


@asynccontextmanager
async def no_such_name(_: Path) -> AsyncIterator[str]:
    """Yield a URL whose host there is not."""
    yield "http://nowhere.invalid"


async def speak_first(peer: Peer) -> None:
    """Say something that is not TLS."""
    await peer.send(b"SSH-2.0-OpenSSH_10.0\r\n")
    await peer.reader.read()


def no_tls(talk: Talk) -> Somewhere:
    """Return a place where TLS is not what is spoken."""

    @asynccontextmanager
    async def somewhere(_: Path) -> AsyncIterator[str]:
        async with serving(talk) as server:
            yield server.url.replace("http:", "https:")

    return somewhere


def certified(name: str, *, trusted: bool = True, hours: int = 1) -> Somewhere:
    """Return a place with a certificate, which the hub may trust, for so many hours from now."""

    @asynccontextmanager
    async def somewhere(folder: Path) -> AsyncIterator[str]:
        context = certificate(name, folder / "own.pem", timedelta(hours=hours))
        certificate(name, folder / "another.pem")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(folder / ("own.pem" if trusted else "another.pem")))
            async with serving(saying(taken()), context) as server:
                yield f"https://localhost:{server.port}"
        assert server.requests == []

    return somewhere


UNPROVEN: Final = "certificate has expired, is another host's, or is signed by nobody known"


@pytest.mark.parametrize(
    ("somewhere", "cause"),
    [
        pytest.param(nobody, "No connection came about", id="connection refused"),
        pytest.param(no_such_name, "name stands for nothing", id="no such host"),
        pytest.param(certified("other.example"), UNPROVEN, id="another host's certificate"),
        pytest.param(certified("localhost", trusted=False), UNPROVEN, id="unknown certificate"),
        pytest.param(certified("localhost", hours=-1), UNPROVEN, id="expired certificate"),
        pytest.param(no_tls(say_nothing), "in time", id="handshake without an end"),
        pytest.param(no_tls(hang_up), "No connection came about", id="handshake cut off"),
        pytest.param(no_tls(speak_first), "No TLS could be agreed on", id="no TLS"),
    ],
)
async def test_a_vendor_that_was_never_reached_has_sent_nothing(
    somewhere: Somewhere, cause: str, send: Send, tmp_path: Path
) -> None:
    async with somewhere(tmp_path) as url:
        told = await send(url, timeout_s=3)  # some resolvers think before they say no

    assert_queued(told, "Twilio could not be reached.", 1, 2)
    (logged,) = told.reasons("egress.failed")
    assert cause in logged


async def test_a_certificate_that_proves_the_vendor_is_believed(send: Send, tmp_path: Path) -> None:
    context = certificate("localhost", tmp_path / "own.pem")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        async with serving(saying(taken()), context) as server:
            told = await send(f"https://localhost:{server.port}")

    assert (told.answer["status"], told.stored, len(server.requests)) == ("sent", "sent", 1)


def assert_queued(told: Told, reason: str, at_least_s: float, at_most_s: float) -> None:
    """Check that the hub keeps a text that was surely not sent, and tries again in such a time."""
    facts = (told.response.status_code, told.answer["status"], told.stored)
    assert facts == (200, "queued", "queued")
    assert (told.answer["retryOwner"], told.answer["costFinal"]) == ("hub", False)
    earliest_at = datetime.fromisoformat(told.answer["earliestAt"])
    assert at_least_s <= (earliest_at - told.asked_at).total_seconds()
    assert (earliest_at - told.answered_at).total_seconds() <= at_most_s
    assert reason in told.answer["reason"]
    assert "The hub sends it by itself" in told.answer["reason"]
    assert told.reasons("sms.queued") == {reason}
    again = told.again.json()
    assert (again["messageId"], again["status"]) == (told.answer["messageId"], "queued")
    assert again["replayed"]


# --- perhaps sent ---------------------------------------------------------------------------------

REFUSED_INSIDE: Final = json.dumps({"code": 21211, "message": f"The number {BOB}", "status": 400})


async def hang_up_on_the_head(peer: Peer) -> None:
    """Hang up before the body is read."""
    await peer.head()


async def hang_up_rudely(peer: Peer) -> None:
    """Take the request and reset the connection."""
    await peer.request()
    peer.reset()


async def answer_too_late(peer: Peer) -> None:
    """Take the request, and answer when nobody waits any more."""
    await peer.request()
    await asyncio.sleep(BRIEF_S * 2)
    await peer.send(taken())


def endless(head: str, piece: bytes, times: int) -> Talk:
    """Return the talk of a server whose answer is huge."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"{head}\r\n\r\n".encode())
        for _ in range(times):
            await peer.send(piece)

    return talk


BOMB: Final = gzip.compress(bytes(100_000_000), 1)
SAYS: Final[list[tuple[str, Talk, str]]] = [
    ("hangs up at once", hang_up, "did not answer"),
    ("hangs up on the head", hang_up_on_the_head, "did not answer"),
    ("hangs up on the request", saying(), "did not answer"),
    ("resets the connection", hang_up_rudely, "did not answer"),
    ("408", saying(answer("408 Request Timeout")), "answered 408"),
    ("500", saying(answer("500 Internal Server Error", b"{}")), "answered 500"),
    ("502", saying(answer("502 Bad Gateway", b"<html>")), "answered 502"),
    ("503", saying(answer("503 Busy", b"{}", "Retry-After: 7")), "answered 503"),
    ("no HTTP", saying(b"220 mail.example ESMTP\r\n"), "did not answer"),
    ("a status there is not", saying(answer("999 What", TAKEN)), "answered 999"),
    ("an error inside", saying(answer("200 OK", REFUSED_INSIDE.encode())), "cannot be read"),
    ("a page", saying(answer("200 OK", b"<html>Welcome</html>")), "cannot be read"),
    ("nothing", saying(answer("201 Created")), "cannot be read"),
    ("no sid", saying(answer("201 Created", b'{"status": "queued"}')), "cannot be read"),
    ("an empty sid", saying(taken(sid="")), "cannot be read"),
    ("a number for a sid", saying(taken(sid=17)), "cannot be read"),
    ("null for a status", saying(taken(status=None)), "cannot be read"),
    ("an object for a status", saying(taken(status={"now": "queued"})), "cannot be read"),
    ("a list", saying(answer("201 Created", b"[" + TAKEN + b"]")), "cannot be read"),
    ("null", saying(answer("201 Created", b"null")), "cannot be read"),
    ("no end of nesting", saying(answer("201 Created", b'{"sid":' * 99_999)), "cannot be read"),
    ("half a character", saying(answer("201 Created", b'{"sid": "\\ud800"}')), "cannot be read"),
    ("half its JSON", saying(answer("201 Created", TAKEN[:-20])), "cannot be read"),
    ("half its body", saying(answer("201 Created", TAKEN[:9], length=99)), "did not answer"),
    ("half a refusal", saying(answer("400 Bad", TAKEN[:9], length=99)), "did not answer"),
    ("50 MB", endless("HTTP/1.1 201 Created", bytes(50_000), 1000), "did not answer"),
    (
        "100 MB in a small one",
        saying(answer("201 Created", BOMB, "Content-Encoding: gzip")),
        "did not answer",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("talk", "reason"), [each[1:] for each in SAYS], ids=[s[0] for s in SAYS])
async def test_what_a_vendor_may_have_sent_is_unknown_and_not_sent_again(
    talk: Talk, reason: str, send: Send
) -> None:
    async with serving(talk) as server:
        told = await send(server.url)

    assert_unknown(told, reason)
    assert server.connections == 1
    assert len(server.requests) <= 1


async def test_a_vendor_that_answers_too_late_may_have_sent_it(send: Send) -> None:
    async with serving(answer_too_late) as server:
        told = await send(server.url, timeout_s=BRIEF_S)

    assert_unknown(told, "did not answer")
    assert (server.connections, len(server.requests)) == (1, 1)


def assert_unknown(told: Told, reason: str) -> None:
    """Check that an answer, what is stored and the log leave open what became of a text."""
    facts = (told.response.status_code, told.answer["status"], told.stored)
    assert facts == (200, "unknown", "unknown")
    assert (told.answer["retryOwner"], told.answer["costFinal"]) == ("hub", False)
    assert reason in told.answer["reason"]
    assert "Do not send it again; look at its status later." in told.answer["reason"]
    assert any(reason in logged for logged in told.reasons("sms.unknown"))
    assert (told.again.json()["replayed"], told.again.json()["status"]) == (True, "unknown")


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(endless("HTTP/1.1 201 Created", bytes(50_000), 1000), id="50 MB"),
        pytest.param(saying(answer("201 Created", BOMB, "Content-Encoding: gzip")), id="a bomb"),
    ],
)
async def test_a_huge_answer_never_lies_in_memory(talk: Talk, send: Send) -> None:
    async with serving(talk) as server:
        tracemalloc.start()
        try:
            await send(server.url)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak_bytes < 3 * MAX_ANSWER_BYTES


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 There", "308 There"])
async def test_the_credentials_do_not_go_where_a_vendor_sends_us(status: str, send: Send) -> None:
    async with serving(saying(taken())) as elsewhere:
        moved = saying(answer(status, b"", f"Location: {elsewhere.url}/"))
        async with serving(moved) as server:
            told = await send(server.url)

    assert (told.answer["status"], told.stored) == ("unknown", "unknown")
    assert (len(server.requests), elsewhere.connections) == (1, 0)


# --- answered -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "at_least_s", "at_most_s"),
    [
        (None, 1, 2),
        ("7", 7, 7.7),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(hours=3)), 900, 990, id="date"),
        ("Thu, 15 Jan 2026 12:00:30 GMT", 1, 2),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 900, 990),
        pytest.param("9" * 400, 900, 990, id="400 digits"),
        ("-5", 1, 2),
        ("soon", 1, 2),
    ],
)
async def test_a_vendor_that_has_no_time_is_asked_again_when_it_has(
    header: str | None, at_least_s: float, at_most_s: float, send: Send
) -> None:
    headers = [f"Retry-After: {header}"] if header else []
    async with serving(saying(answer("429 Slow Down", b"<html>", *headers))) as server:
        told = await send(server.url)

    assert_queued(told, TOO_SOON, at_least_s, at_most_s)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"code": "+442071838750"}'])
async def test_a_refusal_counts_whatever_comes_with_it(body: bytes, send: Send) -> None:
    async with serving(saying(answer("400 Bad Request", body))) as server:
        told = await send(server.url)

    assert (told.response.status_code, told.answer["code"]) == (422, "provider_rejected")
    assert told.stored == "failed"
    assert "It was not sent; change it first." in told.answer["detail"]


async def test_a_text_that_failed_at_once_says_so(send: Send) -> None:
    async with serving(saying(taken(status="failed", error_code=30006))) as server:
        told = await send(server.url)

    assert (told.response.status_code, told.answer["status"], told.stored) == (
        200,
        "failed",
        "failed",
    )
    assert told.answer["reason"].startswith("The recipient has a landline")
    assert told.answer["retryOwner"] == "none"
