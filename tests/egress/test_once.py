"""A request is sent once or not at all, and its error says which, if the wire can tell."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2
import pytest

from tests.egress.servers import OK, Peer, Talk, hang_up, lent, say_nothing, saying, serving
from trunkline.egress import wire
from trunkline.sdk import AuthFailed, OutcomeUnknown, RetryLater, transport_errors

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
METHODS = ("POST", "PUT")
"""One that HTTP clients do not send again by themselves, and one that most do."""


async def ask(client: httpx2.AsyncClient, url: str, method: str = "POST") -> httpx2.Response:
    """Send a request as an adapter does."""
    body = None if method == "GET" else {"text": "hello"}
    with transport_errors("Vendor"):
        return await client.request(method, url, json=body)


# --- surely not sent ------------------------------------------------------------------------------


async def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    async with serving() as server:
        pass
    async with lent(server.url) as client:
        with pytest.raises(RetryLater) as caught:
            await ask(client, server.url)

    assert type(caught.value.__cause__) is httpx2.ConnectError


@pytest.mark.parametrize("key", ["key\n", "key\r\nX-Other: 1", "k\0ey", "schlüssel"])
async def test_case_d4_a_request_whose_key_no_header_can_hold_was_surely_not_sent(key: str) -> None:
    async with serving(saying(OK)) as server, lent(server.url) as client:
        with pytest.raises(AuthFailed), transport_errors("Vendor"):
            await client.post(server.url, headers={"X-Key": key}, json={})

    assert server.requests == []


async def test_a_handshake_that_does_not_end_may_be_tried_again() -> None:
    async with serving(say_nothing) as server:
        url = server.url.replace("http:", "https:")
        async with lent(url, total_s=0.6) as client:
            with pytest.raises(RetryLater) as caught:
                await ask(client, url)

    assert type(caught.value.__cause__) is httpx2.ConnectTimeout


async def test_waiting_for_a_free_connection_in_vain_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "_MAX_CONNECTIONS_PER_HOST", 1)
    async with serving(say_nothing) as server, lent(server.url, total_s=0.6) as client:
        first = asyncio.create_task(ask(client, server.url))
        await server.called.acquire()
        with pytest.raises(RetryLater):
            await ask(client, server.url)
        with pytest.raises(OutcomeUnknown):
            await first

    assert server.connections == 1


# --- maybe sent -----------------------------------------------------------------------------------


async def hang_up_on_the_head(peer: Peer) -> None:
    """Hang up before the body is read."""
    await peer.head()


async def reset(peer: Peer) -> None:
    """Read the request and reset the connection."""
    await peer.request()
    peer.reset()


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(hang_up, id="hangs up"),
        pytest.param(hang_up_on_the_head, id="hangs up after the head"),
        pytest.param(saying(), id="hangs up after the body"),
        pytest.param(reset, id="resets"),
        pytest.param(say_nothing, id="says nothing"),
        pytest.param(saying(b"HTTP/1.1 20"), id="half a status line"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Le"), id="half a head"),
        pytest.param(saying(OK[:-1]), id="half a body"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
            id="half a chunk",
        ),
        pytest.param(saying(b"HTTP/1.1 100 Continue\r\n\r\n"), id="only: go on"),
        pytest.param(saying(b"220 mail.example ESMTP\r\n"), id="another protocol"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), id="an endless header"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10_000), id="endless headers"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
async def test_a_request_that_was_written_may_have_been_carried_out(
    talk: Talk, method: str
) -> None:
    # Half of it is for the connection, which a busy machine must not miss.
    async with serving(talk) as server, lent(server.url, total_s=2) as client:
        with pytest.raises(OutcomeUnknown):
            await ask(client, server.url, method)

    assert server.connections == 1


async def test_a_cancelled_request_leaves_its_connection_to_nobody() -> None:
    async with serving(say_nothing) as server, lent(server.url) as client:
        asked = asyncio.create_task(ask(client, server.url))
        await server.called.acquire()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        again = asyncio.create_task(ask(client, server.url))
        await server.called.acquire()
        again.cancel()


# --- connections that were kept -------------------------------------------------------------------


async def test_a_kept_connection_is_used_again() -> None:
    async with serving() as server, lent(server.url) as client:
        for _ in range(5):
            assert (await ask(client, server.url)).text == "ok"

    assert (server.connections, len(server.requests)) == (1, 5)


async def test_a_connection_is_kept_for_less_than_the_5_seconds_of_most_servers() -> None:
    assert wire._KEEPALIVE_S < 5


async def test_a_connection_that_was_kept_too_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "_KEEPALIVE_S", 0.05)
    async with serving() as server, lent(server.url) as client:
        await ask(client, server.url)
        await asyncio.sleep(0.1)
        await ask(client, server.url)

    assert (server.connections, len(server.requests)) == (2, 2)


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    closed = asyncio.Event()

    async def answer_once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    async with serving(answer_once) as server, lent(server.url) as client:
        await ask(client, server.url)
        await closed.wait()
        await asyncio.sleep(0.05)
        assert (await ask(client, server.url)).text == "ok"

    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("method", METHODS)
async def test_a_connection_that_closes_under_a_request_is_not_replaced(method: str) -> None:
    async def close_on_the_second(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()

    async with serving(close_on_the_second) as server, lent(server.url) as client:
        await ask(client, server.url, method)
        with pytest.raises(OutcomeUnknown):
            await ask(client, server.url, method)

    assert (server.connections, len(server.requests)) == (1, 2)


@contextmanager
def closing_unseen() -> Iterator[tuple[str, list[bytes]]]:
    """Serve from a thread: answer once and close, while the loop of the test looks elsewhere."""
    seen: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(2)
                    seen.append(connection.recv(65536))
                    connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("method", METHODS)
async def test_a_close_that_the_loop_has_not_seen_yet_is_no_proof_that_nothing_was_sent(
    method: str,
) -> None:
    with closing_unseen() as (url, seen):
        async with lent(url) as client:
            await ask(client, url, method)
            time.sleep(0.1)  # noqa: ASYNC251 - the loop must not run while the server closes
            with pytest.raises(OutcomeUnknown):
                await ask(client, url, method)

    assert len(seen) == 1


async def test_what_nothing_asked_for_is_not_the_answer_to_the_next_request() -> None:
    interrupted = asyncio.Event()

    async def interrupt(peer: Peer) -> None:
        for number in range(3):
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
            await asyncio.sleep(0.02)
            await peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            interrupted.set()

    async with serving(interrupt) as server, lent(server.url) as client:
        answers = []
        for _ in range(3):
            answers.append((await ask(client, server.url)).text)
            await interrupted.wait()
            interrupted.clear()
            await asyncio.sleep(0.05)

    assert answers == ["0", "0", "0"]
    assert (server.connections, len(server.requests)) == (3, 3)


async def test_two_answers_in_one_piece_are_one_answer() -> None:
    async def say_twice(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(OK.replace(b"ok", b"no").join((OK, b"")))

    async with serving(say_twice) as server, lent(server.url) as client:
        assert [(await ask(client, server.url)).text for _ in range(3)] == ["ok"] * 3


async def test_a_server_that_speaks_first_is_asked_once() -> None:
    async def greet(peer: Peer) -> None:
        await peer.send(b"220 mail.example ESMTP\r\n")
        await peer.reader.read()

    async with serving(greet) as server, lent(server.url, total_s=1) as client:
        with pytest.raises(OutcomeUnknown):
            await ask(client, server.url)

    assert server.connections == 1
