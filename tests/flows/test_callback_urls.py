"""A callback URL leads out of the hub's network, or nowhere."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.egress.servers import Server, hang_up, serving
from tests.egress.urls import BESIDE_HTTPS, INSIDE, LOOPBACK, METADATA, OTHER_NUMBERS, OUT
from tests.flows.hubs import ANN, DEMO, HANDSET, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.receivers import (
    receiving,
    refusal,
    until,
)
from trunkline.egress import rules
from trunkline.sdk import NotConfigured
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


# --- nowhere else ---------------------------------------------------------------------------------

CLOSED = (*LOOPBACK, *OTHER_NUMBERS, *INSIDE, *METADATA, *BESIDE_HTTPS)
CLOSED_NAMES = ("https://localhost/", "https://a.localhost/", "https://router/", "not a URL", "/x")


async def test_a_url_that_leads_in_is_refused_when_it_is_set(served: Served) -> None:
    await served.agent("ann", ANN)
    for url in (*CLOSED, *CLOSED_NAMES):
        values = {"id": "ann", "values": {"callback_url": url}}
        answer = await served.operator.post("/api/v1/tools/agents_set", json=values)

        assert (answer.status_code, answer.json()["field"]) == (422, "callback_url"), url
        assert "callback_allow" in answer.json()["detail"]
    assert (await served.local("agents_show", id="ann"))["callbackUrl"] is None


OPEN = '[messages]\ncallback_allow = "http://127.0.0.1:9000"\n'


@pytest.mark.parametrize("user", ["user:hunter2@", "hunter2@", "@", "user%3Ahunter2@", "a@b:c@"])
@pytest.mark.parametrize("host", ["agents.example", "127.0.0.1:9000"])
async def test_case_e11_a_url_that_holds_a_password_is_refused_wherever_it_leads(
    start_hub: StartHub, user: str, host: str
) -> None:
    scheme = "https" if host == "agents.example" else "http"
    async with start_hub(toml=DEMO + OPEN) as hub:
        await hub.agent("ann", ANN)
        values = {"id": "ann", "values": {"callback_url": f"{scheme}://{user}{host}/in"}}
        answer = await hub.operator.post("/api/v1/tools/agents_set", json=values)
        fault = hub.running.hub.agents._callback_fault

    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert fault(f"{scheme}://{host}/in/user@name") is None


async def test_case_e11_what_may_be_a_secret_in_a_url_is_not_shown(served: Served) -> None:
    await served.agent("ann", ANN)
    url = "https://agents.example/in?token=hunter2&x=1"
    await served.local("agents_set", id="ann", values={"callback_url": url})
    new = await served.local("agents_show", id="ann")
    await served.change("UPDATE agent_channels SET callback_url = 'https://a:hunter2@b.example/c'")
    old = await served.local("agents_show", id="ann")
    listed = await served.local("agents_list")

    assert new["callbackUrl"] == "https://agents.example/in?********"
    assert old["callbackUrl"] == "https://********@b.example/c"
    assert "hunter2" not in str(listed)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://agents.example/", "must be https"),
        ("https://agents.example:8443/", "port of a URL outside the configuration must be 443"),
        ("not a URL", "not a URL"),
        ("https://agents.example/#here", "#fragment"),
    ],
)
async def test_a_refusal_says_what_is_wrong_with_the_url(
    served: Served, url: str, wrong: str
) -> None:
    values = {"id": "ann", "values": {"callback_url": url}}
    answer = await served.operator.post("/api/v1/tools/agents_create", json=values)

    assert wrong in answer.json()["detail"]


async def test_a_url_that_leads_out_is_taken(served: Served) -> None:
    await served.agent("ann", ANN)
    for url in (url.partition("#")[0] for url in OUT):
        await served.local("agents_set", id="ann", values={"callback_url": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/{agentId}", "https://169.254.169.254/"])
async def test_a_hub_whose_url_for_all_leads_in_does_not_start(
    url: str, start_hub: StartHub
) -> None:
    with pytest.raises(NotConfigured, match=r"messages\.callback_url: .*callback_allow"):
        async with start_hub(environ={"AGENTOS_CALLBACK_URL": url}):
            pass


@dataclass
class Names:
    """What one name is resolved to, in turn; the last for ever."""

    addresses: list[str]

    def install(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        """Answer for a host; others are resolved as ever."""
        resolve = socket.getaddrinfo

        def getaddrinfo(name: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if name == host:
                more = len(self.addresses) > 1
                name = self.addresses.pop(0) if more else self.addresses[0]
            return resolve(name, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """What must not be reached; it listens where https leads to if no port is named."""
    async with serving(hang_up) as server:
        monkeypatch.setitem(rules._DEFAULT_PORTS, "https", server.port)
        yield server


async def test_a_name_that_leads_in_is_not_followed(
    start_hub: StartHub, sink: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(["127.0.0.1"]).install(monkeypatch, "agents.example")
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        url = "https://agents.example/inbound"
        await hub.local("agents_set", id="ann", values={"callback_url": url})
        await Vendor(hub).text(HANDSET, ANN, "hello")
        forward = await until(hub, "dead")

    assert "127.0.0.1 is not public" in forward["reason"]
    assert sink.connections == 0


async def test_a_name_that_comes_to_lead_in_is_not_followed_then(
    start_hub: StartHub, sink: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, names = FakeClock(), Names(["8.8.8.8", "127.0.0.1"])
    names.install(monkeypatch, "agents.example")
    knocks: list[str] = []

    async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> None:
        if address[1] != sink.port:
            return await connect(loop, sock, address)
        knocks.append(address[0])
        raise ConnectionRefusedError

    loop_type = type(asyncio.get_running_loop())
    connect = loop_type.sock_connect
    monkeypatch.setattr(loop_type, "sock_connect", sock_connect)
    async with start_hub(clock=clock) as hub:
        await hub.agent("ann", ANN)
        url = "https://agents.example/inbound"
        await hub.local("agents_set", id="ann", values={"callback_url": url})
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "waiting")
    clock.travel(60)
    async with start_hub(clock=clock) as hub:  # which remembers no address
        forward = await until(hub, "dead", 2)

    assert "127.0.0.1 is not public" in forward["reason"]
    assert (knocks, sink.connections) == (["8.8.8.8"], 0)


async def test_a_redirect_is_not_followed(start_hub: StartHub, sink: Server) -> None:
    redirect = refusal("307 Temporary Redirect", Location=f"{sink.url}/")
    async with receiving(redirect) as receiver:
        allowed = receiver.settings.replace('"]', f'", "{sink.url}"]')
        async with start_hub(toml=allowed, clock=FakeClock()) as hub:
            await hub.agent("ann", ANN)
            await hub.local("agents_set", id="ann", values={"callback_url": receiver.url})
            await Vendor(hub).text(HANDSET, ANN, "hello")
            forward = await until(hub, "waiting")

    assert "307" in forward["reason"]
    assert "not followed" in forward["reason"]
    assert (len(receiver.posts), sink.connections) == (1, 0)
