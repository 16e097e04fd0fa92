"""Clients that send without end, too much, too slowly, or take nothing of what they are sent."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from tests.flows.sockets import MALFORMED, START, Client, Seen, connected
from trunkline import protocol
from trunkline.protocol import MOST_BODY_BYTES, MOST_HEAD_BYTES, WITHIN_S, BoundedProtocol
from trunkline.serving import listening

PIECE = b"a" * 1000
HEAD_TOO_LARGE, TOO_SLOW = (431, "too_large"), (408, "too_slow")


@pytest.fixture
def app() -> Seen:
    return Seen()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server lose patience at once."""
    monkeypatch.setattr(protocol, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(protocol, "TAKEN_WITHIN_S", 0.1)
    for part in WITHIN_S:
        monkeypatch.setitem(WITHIN_S, part, 0.1)


@pytest.fixture
async def port(app: Seen) -> AsyncIterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        async with listening(app, listener, lifespan=False):
            yield listener.getsockname()[1]


async def send_until_closed(client: Client, piece: bytes, most: int) -> int:
    """Send a piece again and again, and return how many bytes the server took."""
    for sent in range(0, most, len(piece)):
        try:
            await client.send(piece)
        except ConnectionError:
            return sent
        if client.reader.at_eof() or client.reader._buffer:  # type: ignore[attr-defined]
            return sent
    return most


# --- size -----------------------------------------------------------------------------------------

ENDLESS = {
    "request line": (b"GET /", PIECE),
    "method": (b"", PIECE),
    "header value": (START + b"X: ", PIECE),
    "header name": (START, PIECE),
    "headers": (START, b"Abc: %s\r\n" % PIECE),
    "empty lines": (b"\r\n", b"\r\n" * 500),
    "folded header": (START + b"X: a\r\n", b" " + PIECE),
}


@pytest.mark.parametrize("endless", ENDLESS)
async def test_case_e2_a_head_without_end_is_refused_at_64_kb(
    port: int, app: Seen, endless: str
) -> None:
    start, piece = ENDLESS[endless]
    began = time.process_time()
    async with connected(port) as client:
        await client.send(start)
        taken = await send_until_closed(client, piece, 100 * MOST_HEAD_BYTES)
        refusal = await client.refusal()

    assert refusal == (MALFORMED if endless in {"method", "folded header"} else HEAD_TOO_LARGE)
    assert taken < 40 * MOST_HEAD_BYTES  # the system's own buffers are in this
    assert time.process_time() - began < 2
    assert app.headers == []


async def test_case_e2_a_head_in_small_pieces_costs_no_more_than_one_in_large_ones(
    port: int,
) -> None:
    async with connected(port) as client:
        client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await client.send(START + b"X: ")
        began = time.process_time()
        for _ in range(MOST_HEAD_BYTES // 64):
            await client.send(b"a" * 64)
            await asyncio.sleep(0)
        assert await client.refusal() == HEAD_TOO_LARGE

    assert time.process_time() - began < 2


async def test_case_e2_more_than_100_headers_are_refused_and_100_are_not(
    port: int, app: Seen
) -> None:
    async with connected(port) as client:
        await client.send(START + b"A: b\r\n" * 100 + b"\r\n")
        assert await client.refusal() == HEAD_TOO_LARGE
    async with connected(port) as client:
        await client.send(START + b"A: b\r\n" * 98 + b"Connection: close\r\n\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")

    assert [len(each) for each in app.headers] == [100]


async def test_case_e2_a_head_of_just_64_kb_is_taken(port: int, app: Seen) -> None:
    end = b"\r\nConnection: close\r\n\r\n"
    head = START + b"X: "
    head += b"a" * (MOST_HEAD_BYTES - len(head) - len(end)) + end
    async with connected(port) as client:
        await client.send(head)
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")


CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS_BODIES = {
    "trailer": (CHUNKED + b"1\r\na\r\n0\r\nX: ", PIECE),
    "trailers": (CHUNKED + b"0\r\n", b"Abc: %s\r\n" % PIECE),
    "chunk extension": (CHUNKED + b"1;x=", PIECE),
    "chunk size": (CHUNKED, b"0" * 1000),
    "chunks": (CHUNKED, b"3e8\r\n%s\r\n" % PIECE * 20),
    "declared length": (START + b"Content-Length: 9999999999\r\n\r\n", PIECE * 20),
}


@pytest.mark.parametrize("endless", ENDLESS_BODIES)
async def test_case_e2_a_body_without_end_is_refused_and_what_frames_one_too(
    port: int, app: Seen, endless: str
) -> None:
    start, piece = ENDLESS_BODIES[endless]
    began = time.process_time()
    async with connected(port) as client:
        await client.send(start)
        taken = await send_until_closed(client, piece, 20 * MOST_BODY_BYTES)
        status, _ = await client.refusal()

    assert status in {400, 413, 431}
    assert taken < 2 * MOST_BODY_BYTES
    assert time.process_time() - began < 3
    assert (app.bodies, app.cut) == ([], 1)


async def test_case_e2_a_field_after_the_body_is_no_header_of_the_request(
    port: int, app: Seen
) -> None:
    async with connected(port) as client:
        chunks = b"1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
        await client.send(CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + chunks)
        await client.rest()

    assert app.bodies == [b"a"]
    assert b"authorization" not in dict(app.headers[0])


async def test_case_e2_requests_that_wait_for_their_turn_are_few(port: int, app: Seen) -> None:
    async with connected(port) as client:
        await client.send(b"GET /x HTTP/1.1\r\nHost: hub\r\n\r\n" * 5000)
        answers = await client.rest()

    assert answers == b"" or answers.count(b"HTTP/1.1 200") <= 10
    assert len(app.headers) <= 10


async def test_case_e2_a_few_requests_sent_at_once_are_answered_in_their_order(port: int) -> None:
    async with connected(port) as client:
        paths = [f"/{number}".encode() for number in range(5)]
        requests = [b"GET %s HTTP/1.1\r\nHost: hub\r\n\r\n" % path for path in paths]
        await client.send(b"".join(requests[:-1]))
        await client.send(requests[-1].replace(b"Host", b"Connection: close\r\nHost"))
        answers = await client.rest()

    positions = [answers.index(b"\r\n" + path) for path in paths]
    assert positions == sorted(positions)


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HT",
        START,
        START + b"X: ",
        START + b"Content-Length: 5\r\n\r\nab",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"1\r\na\r\n0\r\n",
    ],
)
@pytest.mark.usefixtures("hurried")
async def test_case_e2_a_request_that_does_not_come_to_its_end_is_given_up(
    port: int, app: Seen, sent: bytes
) -> None:
    async with connected(port) as client:
        await client.send(sent)
        assert await client.refusal() == TOO_SLOW

    assert app.bodies == []


@pytest.mark.usefixtures("hurried")
async def test_case_e2_trickling_does_not_buy_time(port: int) -> None:
    async with connected(port) as client:
        await client.send(START + b"X: ")
        trickling = asyncio.create_task(trickle(client))
        assert await client.refusal() == TOO_SLOW
        trickling.cancel()


async def trickle(client: Client) -> None:
    while True:
        await client.send(b"a")
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("hurried")
async def test_case_e2_who_connects_and_never_asks_is_let_go_without_a_word(port: int) -> None:
    async with connected(port) as client:
        assert await client.rest() == b""


@pytest.mark.usefixtures("hurried")
async def test_case_e2_who_does_not_read_the_answer_is_cut_off(
    port: int, app: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.answer = b"x" * 20_000_000
    is_cut = asyncio.Event()
    lose = BoundedProtocol.connection_lost

    def lost(self: BoundedProtocol, exc: Exception | None) -> None:
        is_cut.set()
        lose(self, exc)

    monkeypatch.setattr(BoundedProtocol, "connection_lost", lost)
    async with connected(port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(b"GET /x HTTP/1.1\r\nHost: hub\r\n\r\n")
        await asyncio.wait_for(is_cut.wait(), 5)


@pytest.mark.usefixtures("hurried")
async def test_case_e2_the_hubs_own_time_is_not_the_clients(port: int) -> None:
    async with connected(port) as client:
        await client.send(b"GET /x HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n\r\n")
        assert b"/x" in await client.rest()


# --- number ---------------------------------------------------------------------------------------


async def test_case_e2_a_new_client_takes_the_place_of_one_that_lets_wait(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_MOST_CONNECTIONS", 3)
    async with connected(port) as a, connected(port) as b, connected(port) as c:
        for each in (a, b, c):
            await each.send(b"GET /")
        await asyncio.sleep(0.1)
        async with connected(port) as client:
            await client.send(b"GET /x HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
            assert b"/x" in await client.rest()


# --- other protocols ------------------------------------------------------------------------------


async def test_a_request_that_offers_another_protocol_keeps_its_body(port: int, app: Seen) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"
    async with connected(port) as client:  # java.net.http.HttpClient begins so
        await client.send(START + offer + b"Content-Length: 5\r\n\r\nhe")
        await client.send(b"llo" + START + b"Connection: close\r\n\r\n")
        answers = await client.rest()

    assert app.bodies == [b"hello", b""]
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert b"upgrade" not in dict(app.headers[0])


@pytest.mark.parametrize("line", [b"CONNECT a:1", b"GET http://[::1/x", b"GET /\xff", b"PRI *"])
async def test_case_e2_a_target_that_is_none_is_refused(port: int, app: Seen, line: bytes) -> None:
    async with connected(port) as client:
        await client.send(line + b" HTTP/1.1\r\nHost: hub\r\n\r\n")
        assert await client.refusal() == MALFORMED

    assert app.headers == []
