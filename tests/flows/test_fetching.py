"""Files that lie where anybody may read them, and servers that mean it badly."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from operator import le
from typing import cast

import pytest
from pydantic import BaseModel

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, Network, with_telephony
from tests.flows.stores import PNG, Store
from tests.flows.test_files import until_there
from tests.flows.test_files_in import _Hooks, come
from trunkline.core.media import fetching
from trunkline.loading import load_plugins
from trunkline.sdk import Capability, ProviderContext, ProviderSpec, WebhookAdapter

__all__ = ["clock"]


@dataclass
class Files:
    """A server of files on this machine, which the configuration names: it answers as it is."""

    answer: bytes = b""
    asked: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/cat.png"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        writer.write(self.answer)
        writer.close()


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*head, "Connection: close", *headers, "", ""]).encode() + body


class _Config(BaseModel):
    base_url: str


@pytest.fixture
async def files() -> AsyncIterator[Files]:
    found = Files()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


@pytest.fixture
async def hub(start_hub: StartHub, files: Files, clock: Ahead) -> AsyncIterator[Served]:
    @asynccontextmanager
    async def opened(config: _Config, context: ProviderContext) -> AsyncIterator[Network]:
        yield Network()

    spec: ProviderSpec[Network, _Config] = ProviderSpec(
        name="wire",
        config=_Config,
        open=opened,
        capabilities=frozenset({Capability.SMS_SEND, Capability.SMS_RECEIVE}),
        webhook=cast(WebhookAdapter[_Config], _Hooks()),
    )
    plugins = with_telephony(load_plugins(), {"wire": spec})
    store = Store("one")
    plugins = replace(plugins, providers={**plugins.providers, "storage": {"one": store.spec()}})
    toml = (
        '[slots]\ntelephony = "wire"\nstorage = "one"\n'
        f'[providers.wire]\nbase_url = "http://127.0.0.1:{files.port}"\n'
    )
    async with start_hub(toml=toml, plugins=plugins, clock=clock) as served:
        yield served


async def test_what_needs_no_credentials_the_hub_fetches_itself(hub: Served, files: Files) -> None:
    ann = await hub.agent("ann", ALICE)
    files.answer = answer(PNG, "Content-Type: text/html")
    await come(hub, files.url)
    (file,) = (await until_there(hub, ann))["attachments"]

    assert (file["type"], file["bytes"]) == ("image/png", len(PNG))
    assert (await ann.get(f"/api/v1/media/{file['id']}")).content == PNG


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: answer(b"x" * 200_000), "It is over 100000 bytes."),
        (
            lambda: answer(gzip.compress(bytes(2_000_000)), "Content-Encoding: gzip"),
            "It is over 100000 bytes.",
        ),
        (
            lambda: answer(b"", "Location: http://127.0.0.1:1/x", status="302 Found"),
            "It lies where the hub fetches nothing from.",
        ),
        (
            lambda: answer(b"", status="403 Forbidden"),
            "Its server answers 403: the link may have expired.",
        ),
    ],
)
async def test_a_file_that_is_a_bomb_or_leads_inside_or_has_expired_is_not_had_and_says_why(
    hub: Served,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    made: Callable[[], bytes],
    reason: str,
) -> None:
    monkeypatch.setattr(fetching, "MOST_FETCHED_BYTES", 100_000)
    ann = await hub.agent("ann", ALICE)
    files.answer = made()
    await come(hub, files.url)
    (file,) = (await until_there(hub, ann, "failed"))["attachments"]

    assert file["reason"] == reason
    assert hub.rows("SELECT object FROM media") == [{"object": None}]


async def test_a_file_that_breaks_off_is_fetched_again_and_given_up_in_the_end(
    hub: Served, files: Files, clock: Ahead
) -> None:
    ann = await hub.agent("ann", ALICE)
    files.answer = answer(PNG, length=1_000)
    await come(hub, files.url)
    for tries in range(1, 8):
        await hub.until(lambda: _tries(hub), partial(le, tries))
        clock.travel(7_201)
    (file,) = (await until_there(hub, ann, "failed"))["attachments"]

    assert file["reason"] == "Its server did not answer."
    assert files.asked == 8


async def _tries(hub: Served) -> int:
    tries: int = hub.rows("SELECT tries FROM media")[0]["tries"]
    return tries
