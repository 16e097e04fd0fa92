"""Heads of requests that two servers would read differently, or not at all."""

import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from tests.flows.sockets import MALFORMED, START, Seen, connected
from trunkline.serving import listening


@pytest.fixture
def app() -> Seen:
    return Seen()


@pytest.fixture
async def port(app: Seen) -> AsyncIterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        async with listening(app, listener, lifespan=False):
            yield listener.getsockname()[1]


SMUGGLED = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "signed length": b"Content-Length: +4\r\n\r\nabcd",
    "two tokens": b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two keys": b"Idempotency-Key: a\r\nidempotency-key: b\r\n\r\n",
    "two types": b"Content-Type: application/json\r\nContent-Type: text/plain\r\n\r\n",
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "two hosts": b"Host: hub\r\n\r\n",
    "two origins": b"Origin: http://hub\r\nOrigin: http://hub\r\n\r\n",
    "two tokens, offering another protocol": b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "space before colon": b"Content-Length : 4\r\n\r\nabcd",
    "bare CR": b"X: a\rContent-Length: 4\r\n\r\nabcd",
    "NUL": b"X: a\0b\r\n\r\n",
    "folding": b"X: a\r\n b\r\n\r\n",
    "chunk size": b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "bare LF after a chunk": b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("trick", SMUGGLED)
async def test_case_e2_a_request_that_two_servers_read_differently_is_refused(
    port: int, app: Seen, trick: str
) -> None:
    async with connected(port) as client:
        await client.send(START + SMUGGLED[trick])
        assert await client.refusal() == MALFORMED

    assert app.bodies == []


@pytest.mark.parametrize(
    "codings",
    [
        [b"gzip, chunked"],
        [b"gzip", b"chunked"],
        [b"gzip, identity"],
        [b"identity"],
        [b"x-chunked"],
    ],
)
async def test_case_e2_a_body_is_chunked_or_whole_and_coded_in_no_other_way(
    port: int, app: Seen, codings: list[bytes]
) -> None:
    async with connected(port) as client:
        head = START + b"".join(b"Transfer-Encoding: %s\r\n" % each for each in codings)
        await client.send(head + b"\r\n0\r\n\r\n")
        assert await client.refusal() == (501, "unsupported")

    assert app.bodies == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET /x HTTP/1.1\r\n",
        b"GET /x HTTP/1.1\r\nHost:\r\n",
        b"GET /x HTTP/1.1\r\nHost: a b\r\n",
        b"GET /x HTTP/1.1\r\nHost: a@hub\r\n",
        b"GET /x HTTP/1.1\r\nHost: hub:x\r\n",
        b"GET /x HTTP/1.1\r\nHost: [::1\r\n",
        b"GET /x HTTP/1.1\r\nHost: hub/x\r\n",
        b"GET /x HTTP/1.1\r\nHost: hub, other\r\n",
        b"GET /x HTTP/1.1\r\nHost: hub\r\nHost: hub\r\n",
        b"GET /x HTTP/1.0\r\nHost: hub\r\nHost: hub\r\n",
        b"GET http://hub/x HTTP/1.1\r\n",
        b"GET http://a:b@hub/x HTTP/1.1\r\nHost: hub\r\n",
        b"GET ftp://hub/x HTTP/1.1\r\nHost: hub\r\n",
        b"GET /x#y HTTP/1.1\r\nHost: hub\r\n",
    ],
)
async def test_case_e8_a_request_is_for_one_host_that_can_be_read(
    port: int, app: Seen, head: bytes
) -> None:
    async with connected(port) as client:
        await client.send(head + b"\r\n")
        assert await client.refusal() == MALFORMED

    assert app.headers == []


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"http://evil.example/x", b"evil.example", b"/x"),
        (b"HTTPS://Hub:8443/x?y=/z", b"Hub:8443", b"/x"),
        (b"http://evil.example", b"evil.example", b"/"),
        (b"http://evil.example?y", b"evil.example", b"/"),
    ],
)
async def test_case_e8_a_target_that_is_a_whole_url_says_which_host_is_meant(
    port: int, app: Seen, target: bytes, host: bytes, path: bytes
) -> None:
    async with connected(port) as client:
        await client.send(b"GET %s HTTP/1.1\r\nConnection: close\r\nHost: hub\r\n\r\n" % target)
        assert b"\r\n%s\r\n" % path in await client.rest()

    assert dict(app.headers[0])[b"host"] == host


@pytest.mark.parametrize("version", [b" HTTP/2.0", b" HTTP/3.0", b" HTTP/1.2", b" HTTP/0.9", b""])
async def test_case_e2_another_version_than_1_is_not_spoken(
    port: int, app: Seen, version: bytes
) -> None:
    async with connected(port) as client:
        await client.send(b"GET /x%s\r\nHost: hub\r\n\r\n" % version)
        assert await client.refusal() == MALFORMED

    assert app.headers == []


async def test_who_speaks_1_0_need_name_no_host(port: int, app: Seen) -> None:
    async with connected(port) as client:
        await client.send(b"GET /x HTTP/1.0\r\n\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")

    assert app.headers == [[]]
