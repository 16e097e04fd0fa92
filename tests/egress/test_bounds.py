"""An answer is bounded in size and in time, whatever the server does."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import httpx2
import pytest

from tests.egress.servers import OK, Peer, Talk, lent, saying, serving
from trunkline.egress.wire import MAX_ANSWER_BYTES
from trunkline.sdk import STREAMED, OutcomeUnknown, transport_errors

Form = Callable[[int], bytes]
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"


def plain(size: int) -> bytes:
    """Return an answer that says its length."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)


def chunked(size: int) -> bytes:
    """Return an answer that does not."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n"


def unending(size: int) -> bytes:
    """Return an answer that ends with its connection."""
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(size)


def zipped(size: int) -> bytes:
    """Return an answer that grows when it is read."""
    body = gzip.compress(bytes(size), 1)
    return GZIP % len(body) + body


async def ask(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    """Send a request as an adapter does."""
    with transport_errors("Vendor"):
        return await client.post(url, json={})


async def cause(client: httpx2.AsyncClient, url: str) -> BaseException | None:
    """Return what made the outcome of a request unknown."""
    with pytest.raises(OutcomeUnknown) as caught:
        await ask(client, url)
    return caught.value.__cause__


# --- time -----------------------------------------------------------------------------------------


def trickling(head: bytes, piece: bytes) -> Talk:
    """Answer, forever, and never slowly enough for a read to take long."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        while True:
            await asyncio.sleep(0.02)
            await peer.send(piece)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="head"),
        pytest.param(trickling(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), id="go on"),
        pytest.param(trickling(plain(999_999)[:-999_999], b"x"), id="body"),
        pytest.param(
            trickling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            id="chunks",
        ),
    ],
)
async def test_an_answer_that_trickles_ends_in_time(talk: Talk) -> None:
    async with serving(talk) as server, lent(server.url, total_s=0.3) as client:
        started = time.monotonic()
        assert isinstance(await cause(client, server.url), httpx2.ReadTimeout)

    assert time.monotonic() - started < 2


async def test_a_request_that_nobody_reads_ends_in_time() -> None:
    async def read_nothing(peer: Peer) -> None:
        await asyncio.sleep(60)

    async with serving(read_nothing) as server, lent(server.url, total_s=0.5) as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(server.url, content=b"x" * 20_000_000)


async def test_an_adapter_may_wait_for_less() -> None:
    async def wait(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(60)

    async with serving(wait) as server, lent(server.url, total_s=60) as client:
        started = time.monotonic()
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(server.url, timeout=0.1)

    assert time.monotonic() - started < 2


async def test_a_stream_is_handed_on_as_it_comes() -> None:
    more = asyncio.Event()

    async def stream(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-1])
        await more.wait()
        await peer.send(OK[-1:])

    async with (
        serving(stream) as server,
        lent(server.url) as client,
        client.stream("GET", server.url) as response,
    ):
        pieces = response.aiter_bytes()
        assert await anext(pieces) == b"o"
        more.set()
        assert await anext(pieces) == b"k"


async def test_a_stream_that_is_left_takes_its_connection_along() -> None:
    async with serving(saying(OK[:-1])) as server, lent(server.url) as client:
        for _ in range(2):
            async with client.stream("GET", server.url):
                pass

    assert server.connections == 2


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [plain, chunked, unending, zipped])
async def test_an_answer_may_have_10_mb_and_no_more(form: Form) -> None:
    async with serving(saying(form(10_000_000))) as server, lent(server.url) as client:
        assert len((await ask(client, server.url)).content) == 10_000_000 == MAX_ANSWER_BYTES
    async with serving(saying(form(10_000_001))) as server, lent(server.url) as client:
        assert isinstance(await cause(client, server.url), httpx2.ReadError)


async def large(peer: Peer) -> None:
    """Answer with 30 MB, without holding them."""
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n")
    for _ in range(300):
        await peer.send(bytes(100_000))


@pytest.mark.parametrize("talk", [large, saying(zipped(30_000_000))])
async def test_an_answer_that_is_read_in_pieces_may_be_larger_and_never_lies_in_memory(
    talk: Talk,
) -> None:
    size = 0
    async with serving(talk) as server, lent(server.url) as client:
        tracemalloc.start()
        try:
            async with client.stream("GET", server.url, extensions=dict(STREAMED)) as response:
                async for piece in response.aiter_bytes():
                    size += len(piece)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert size == 30_000_000
    assert peak_bytes < 5_000_000


async def test_a_small_answer_that_unpacks_to_100_mb_never_lies_in_memory() -> None:
    async with serving(saying(zipped(100_000_000))) as server, lent(server.url) as client:
        tracemalloc.start()
        try:
            assert isinstance(await cause(client, server.url), httpx2.ReadError)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak_bytes < 30_000_000


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "gzip\r\nContent-Encoding: gzip", "br", "x-zip"]
)
async def test_an_encoding_that_was_not_asked_for_is_not_undone(encoding: str) -> None:
    body = gzip.compress(gzip.compress(b"{}"))
    answer = (GZIP % len(body)).replace(b" gzip", b" " + encoding.encode()) + body
    async with serving(saying(answer)) as server, lent(server.url) as client:
        assert not isinstance(await cause(client, server.url), httpx2.TimeoutException)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate"])
async def test_an_answer_is_unpacked(encoding: str) -> None:
    body = zlib.compress(b"{}") if encoding == "deflate" else gzip.compress(b"{}")
    answer = (GZIP % len(body)).replace(b" gzip", b" " + encoding.encode()) + body
    async with serving(saying(answer)) as server, lent(server.url) as client:
        response = await ask(client, server.url)

    assert response.content == b"{}"
    assert b"accept-encoding: gzip, deflate\r\n" in server.requests[0].lower()


async def test_an_answer_that_does_not_unpack_is_none() -> None:
    async with serving(saying(GZIP % 5 + b"plain")) as server, lent(server.url) as client:
        await cause(client, server.url)
