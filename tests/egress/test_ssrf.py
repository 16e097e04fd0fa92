"""No URL and no name makes the hub knock where it must not: a listener there hears nothing."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import httpx2
import pytest

from tests.egress.servers import OK, Log, Server, hang_up, lent, saying, serving
from tests.egress.urls import NAMES, NOWHERE
from trunkline.egress import EgressDenied, rules
from trunkline.sdk import RetryLater, transport_errors

# The listener's loop has to be one whose resolver and connections can be looked at.
pytestmark = pytest.mark.asyncio(loop_factories=["asyncio"])

PUBLIC = "8.8.8.8"


@dataclass
class Net:
    """The names that there are, and every address that was connected to."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    """By name: what is answered first, then, and from then on."""
    asked: list[str] = field(default_factory=list)
    knocks: list[str] = field(default_factory=list)

    def resolve(self, host: str) -> list[str]:
        """Answer as a name server, and as the C library for numbers in its many ways of writing."""
        self.asked.append(host)
        if answers := self.answers.get(host):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name") from None


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    """A network of names, on which only this machine can be reached."""
    net = Net()

    def getaddrinfo(
        host: str, port: int, *_: object, **__: object
    ) -> list[tuple[int, int, int, str, tuple[Any, ...]]]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in net.resolve(host)
        ]

    connect = asyncio.SelectorEventLoop.sock_connect

    async def sock_connect(
        loop: asyncio.SelectorEventLoop, sock: socket.socket, address: tuple[Any, ...]
    ) -> None:
        net.knocks.append(address[0])
        if not ip_address(address[0]).is_loopback:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody is there")
        await connect(loop, sock, address)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", sock_connect)
    return net


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """What must not be reached; it listens where https leads to if no port is named."""
    async with serving(hang_up) as server:
        monkeypatch.setitem(rules._DEFAULT_PORTS, "https", server.port)
        yield server


@pytest.fixture
def open_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that takes every address for public."""
    monkeypatch.setattr(rules, "is_public", lambda _: True)


async def test_no_url_reaches_the_listener(net: Net, sink: Server) -> None:
    net.answers = {"vendor.example": [["127.0.0.1"]], "-.vendor.example": [["127.0.0.1"]]}
    async with lent() as client:
        for url in NOWHERE:
            with pytest.raises((EgressDenied, httpx2.InvalidURL, httpx2.UnsupportedProtocol)):
                await client.get(url)

    assert (sink.connections, net.knocks) == (0, [])


@pytest.mark.parametrize(("url", "address"), NAMES.items())
async def test_no_name_reaches_the_listener(url: str, address: str, net: Net, sink: Server) -> None:
    net.answers = {httpx2.URL(url).host: [[address]]}
    async with lent() as client:
        with pytest.raises(EgressDenied):
            await client.get(url)

    assert (sink.connections, net.knocks) == (0, [])


@pytest.mark.usefixtures("open_house")
async def test_the_listener_hears_a_hub_that_has_no_rules(net: Net, sink: Server) -> None:
    net.answers = {"loopback.example": [["127.0.0.1"]]}
    async with lent() as client:
        for url in ("https://127.0.0.1/", "https://loopback.example/"):
            with pytest.raises(httpx2.ConnectError):  # it speaks no TLS
                await client.get(url)

    assert (sink.connections, net.knocks) == (2, ["127.0.0.1", "127.0.0.1"])


# --- names ----------------------------------------------------------------------------------------


async def test_a_name_with_one_closed_address_is_closed(net: Net, sink: Server) -> None:
    net.answers = {"vendor.example": [[PUBLIC, "127.0.0.1"]]}
    async with lent() as client:
        with pytest.raises(EgressDenied):
            await client.get("https://vendor.example/")

    assert (sink.connections, net.knocks) == (0, [])


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    net: Net, sink: Server
) -> None:
    net.answers = {"rebind.example": [[PUBLIC], ["127.0.0.1"]]}
    async with lent() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("https://rebind.example/")

    assert net.asked == ["rebind.example"]
    assert (sink.connections, net.knocks) == (0, [PUBLIC])


async def test_a_name_that_leads_in_by_the_next_connection_is_closed_then(
    net: Net, sink: Server
) -> None:
    net.answers = {"rebind.example": [[PUBLIC], ["127.0.0.1"]]}
    for error in (httpx2.ConnectError, EgressDenied):
        async with lent() as client:
            with pytest.raises(error):
                await client.get("https://rebind.example/")

    assert (sink.connections, net.knocks) == (0, [PUBLIC])


async def test_many_requests_at_once_are_all_refused(net: Net, sink: Server) -> None:
    net.answers = {"loopback.example": [["127.0.0.1"]]}
    async with lent() as client:
        asked = [client.get("https://loopback.example/") for _ in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(answer) for answer in answers} == {EgressDenied}
    assert (sink.connections, net.knocks) == (0, [])


async def test_a_name_that_nobody_has_may_be_tried_again(net: Net) -> None:
    async with lent() as client:
        with pytest.raises(RetryLater), transport_errors("Vendor"):
            await client.post("https://vendor.example/")

    assert net.asked == ["vendor.example"]


async def test_a_configured_name_may_lead_in(net: Net) -> None:
    net.answers = {"vendor.internal": [["127.0.0.1"]]}
    async with serving() as server:
        url = f"http://vendor.internal:{server.port}"
        async with lent(url) as client:
            assert (await client.get(url)).text == "ok"

    assert b"host: vendor.internal:%d\r\n" % server.port in server.requests[0].lower()


# --- redirects and proxies ------------------------------------------------------------------------


@pytest.fixture(params=["http://169.254.169.254/latest/", "https://127.0.0.1/"])
def redirect(request: pytest.FixtureRequest) -> bytes:
    """An answer that leads in."""
    return OK.replace(b"200 OK", f"302 Found\r\nLocation: {request.param}".encode())


async def test_a_redirect_is_not_followed(redirect: bytes, net: Net, sink: Server) -> None:
    async with serving(saying(redirect)) as vendor, lent(vendor.url) as client:
        assert (await client.get(vendor.url)).status_code == 302

    assert (sink.connections, net.knocks) == (0, ["127.0.0.1"])


async def test_an_adapter_that_follows_redirects_is_held_to_the_rules(
    redirect: bytes, net: Net, sink: Server
) -> None:
    async with serving(saying(redirect)) as vendor, lent(vendor.url) as client:
        with pytest.raises(EgressDenied):
            await client.get(vendor.url, follow_redirects=True)

    assert (sink.connections, net.knocks) == (0, ["127.0.0.1"])


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch, sink: Server) -> Server:
    """A proxy in the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, sink.url)
        monkeypatch.setenv(name.upper(), sink.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return sink


async def test_no_proxy_of_the_environment_hears_of_a_request(proxied: Server) -> None:
    async with serving() as vendor, lent(vendor.url) as client:
        await client.post(vendor.url, json={})

    assert (proxied.connections, len(vendor.requests)) == (0, 1)


# --- what is told ---------------------------------------------------------------------------------


async def test_a_refusal_is_logged(net: Net) -> None:
    net.answers = {"router": [["192.168.1.1"]]}
    log = Log()
    async with lent(log=log) as client:
        with pytest.raises(RetryLater), transport_errors("Vendor"):
            await client.post("https://router/?token=secret")

    facts = {"host": "router", "reason": "its address 192.168.1.1 is not public"}
    assert log.lines == [("egress.blocked", facts)]
