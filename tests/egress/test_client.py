"""The client as adapters know it: httpx2's interface, and what goes over the wire for it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.egress.certificates import certificate
from tests.egress.servers import OK, Peer, lent, saying, serving
from trunkline.sdk import AuthFailed, OutcomeUnknown, RetryLater, transport_errors

NAME: Final = "localhost"
"""The one name that every machine knows."""
NOTHING: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def head(request: bytes) -> list[bytes]:
    """Return the lines of a request's head."""
    return request.partition(b"\r\n\r\n")[0].split(b"\r\n")


# --- requests -------------------------------------------------------------------------------------


async def test_a_request_is_written_as_it_was_made() -> None:
    async with serving() as server, lent(server.url) as client:
        await client.post(
            f"{server.url}/a%2Fb/%C3%A9;v=1?to=%2B1415&x=+",
            json={"text": "é"},
            headers={"Authorization": "Bearer x", "X-Two": "1"},
        )

    (request,) = server.requests
    line, *fields = head(request)
    assert line == b"POST /a%2Fb/%C3%A9;v=1?to=%2B1415&x=+ HTTP/1.1"
    assert request.endswith('{"text":"é"}'.encode())
    assert {field.partition(b":")[0].lower() for field in fields} == {
        b"host", b"accept", b"accept-encoding", b"connection", b"user-agent",
        b"authorization", b"x-two", b"content-type", b"content-length",
    }  # fmt: skip
    assert b"Host: 127.0.0.1:%d" % server.port in fields


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
async def test_a_request_without_a_body_has_no_type(method: str) -> None:
    async with serving(saying(NOTHING)) as server, lent(server.url) as client:
        await client.request(method, server.url)

    assert not [line for line in head(server.requests[0]) if line.startswith(b"Content-Type")]


async def test_a_streamed_body_and_a_form_arrive_whole() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async with serving() as server, lent(server.url) as client:
        await client.post(server.url, content=pieces())
        await client.post(server.url, content=pieces(), headers={"Content-Length": "7"})
        await client.post(server.url, files={"media": ("a.txt", b"x" * 2_000_000)})

    streamed, measured, form = server.requests
    assert streamed.endswith(b"\r\n\r\none two")
    assert b"content-length" not in streamed.lower()
    assert measured.endswith(b"\r\n\r\none two")
    assert b"transfer-encoding" not in measured.lower()
    assert form.count(b"x") > 2_000_000


async def test_a_body_goes_out_as_it_comes() -> None:
    arrived = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        assert await peer.chunk() == b"one "
        arrived.set()
        while await peer.chunk() is not None:
            pass
        await peer.send(OK)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        async with asyncio.timeout(5):
            await arrived.wait()
        yield b"two"

    async with serving(slow) as server, lent(server.url) as client:
        response = await client.post(server.url, content=pieces())

    assert response.status_code == 200


async def test_a_body_that_breaks_off_at_its_source_is_no_whole_request() -> None:
    ended: asyncio.Future[bool] = asyncio.Future()

    async def whole(peer: Peer) -> None:
        await peer.head()
        try:
            while await peer.chunk() is not None:
                pass
        except (ValueError, OSError, asyncio.IncompleteReadError):
            ended.set_result(False)
        else:
            ended.set_result(True)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        raise LookupError("the source is gone")

    async with serving(whole) as server, lent(server.url) as client:
        with pytest.raises(OutcomeUnknown), transport_errors("Vendor"):
            await client.post(server.url, content=pieces())
        async with asyncio.timeout(5):
            is_whole = await ended

    assert not is_whole


@pytest.mark.parametrize("name", ["X: y\r\nZ", "X"])
async def test_a_header_cannot_carry_another(name: str) -> None:
    async with serving() as server, lent(server.url) as client:
        with pytest.raises(AuthFailed), transport_errors("Vendor"):
            await client.post(server.url, headers={name: "1\r\nX-Evil: 1"})

    assert server.requests == []


# --- answers --------------------------------------------------------------------------------------


async def test_an_answer_is_told_as_it_came() -> None:
    answer = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX-A: 1\r\nX-A: 2\r\n\r\nno"
    async with serving(saying(answer)) as server, lent(server.url) as client:
        response = await client.get(server.url)

    assert (response.status_code, response.text) == (429, "no")
    assert response.headers["retry-after"] == "7"
    assert response.headers.get_list("x-a") == ["1", "2"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_ends_with_its_head(status: bytes) -> None:
    async def answer(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(b"HTTP/1.1 " + status + b"\r\n\r\n")

    async with serving(answer) as server, lent(server.url) as client:
        for _ in range(2):
            assert (await client.get(server.url)).content == b""

    assert server.connections == 1


async def test_an_early_answer_counts_though_the_request_was_not_read() -> None:
    async def refuse(peer: Peer) -> None:
        await peer.head()
        await peer.send(NOTHING.replace(b"200", b"413"))
        await peer.reader.read()

    async with serving(refuse) as server, lent(server.url) as client:
        assert (await client.post(server.url, content=b"x" * 100_000)).status_code == 413


# --- cookies --------------------------------------------------------------------------------------


async def test_no_connection_sees_the_cookies_of_another() -> None:
    async def hand_out(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(OK.replace(b"\r\n", b"\r\nSet-Cookie: account=one; Path=/\r\n", 1))

    async with serving(hand_out) as server, lent(server.url) as client:
        response = await client.get(server.url)
        client.cookies.set("mine", "1")
        await client.get(server.url)
        await client.get(server.url, headers={"Cookie": "asked=for"})

    assert response.cookies["account"] == "one"
    cookies = [line for each in server.requests for line in head(each) if b"ookie" in line]
    assert cookies == [b"Cookie: asked=for"]


# --- TLS ------------------------------------------------------------------------------------------


async def test_tls_is_spoken_with_the_name_and_not_with_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    context = certificate(NAME, tmp_path / "ca.pem")
    context.sni_callback = lambda _, name, __: names.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with serving(tls=context) as server:
        url = f"https://{NAME}:{server.port}"
        async with lent(url) as client:
            assert (await client.post(url, json={})).text == "ok"

    assert names == [NAME]
    assert f"Host: {NAME}:{server.port}".encode() in head(server.requests[0])


@pytest.mark.parametrize("fault", ["another name", "unknown issuer"])
async def test_a_certificate_that_proves_nothing_is_found_before_anything_is_sent(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate("other.example" if fault == "another name" else NAME, tmp_path / "ca.pem")
    if fault == "another name":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with serving(tls=context) as server:
        url = f"https://{NAME}:{server.port}"
        async with lent(url) as client:
            with pytest.raises(RetryLater) as caught, transport_errors("Vendor"):
                await client.post(url, json={})

    assert type(caught.value.__cause__) is httpx2.ConnectError
    assert server.requests == []


# --- start ----------------------------------------------------------------------------------------

STARTED = """
import asyncio, sys
from types import SimpleNamespace
import trunkline.app
from trunkline.egress import open_client

log = SimpleNamespace(warning=lambda *_, **__: None)

async def main():
    async with open_client(total_s=1, allow=["http://127.0.0.1:1"], log=log) as client:
        print("aiohttp" in sys.modules)
        try:
            await client.get("http://127.0.0.1:1")
        except Exception as error:
            print(type(error).__name__)
        print("aiohttp" in sys.modules)

asyncio.run(main())
"""


def test_what_takes_long_to_import_is_imported_at_the_first_request() -> None:
    told = subprocess.run(
        [sys.executable, "-c", STARTED], check=True, capture_output=True, text=True
    )

    assert told.stdout.split() == ["False", "ConnectError", "True"]
