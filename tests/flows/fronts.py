"""Three hubs in processes of their own, on one PostgreSQL database, behind one address."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx2

from tests.flows.hubs import Caller
from tests.flows.networks import ALICE
from tests.processes import (
    HubProcess,
    command,
    free_port,
    hub_process,
    read_ledger,
    vendor_process,
)
from tests.proxies import EACH_ITS_OWN, RoundRobin, round_robin

SECRET = "pb-test-secret"
ENVIRON = {"CREDENTIALS_ENCRYPTION_KEY": bytes(range(0, 256, 8)).hex()}
SETTINGS = """
[server]
public_url = "http://127.0.0.1:{proxy}"
[database]
url = "{database}"
[slots]
telephony = "example"
[providers.example]
base_url = "{vendor}"
api_key = "pb-test-key"
signing_secret = "{secret}"
"""


@dataclass(frozen=True, kw_only=True)
class Front:
    """Three hubs behind a proxy. `ann` goes through it, each request to the next hub."""

    proxy: RoundRobin
    hubs: tuple[HubProcess, ...]
    folders: tuple[Path, ...]
    config: Path
    database: str
    direct: tuple[httpx2.AsyncClient, ...]
    ann: Caller
    ledger: Path

    async def run(self, hub: int, *args: str) -> str:
        """Run an operator's command at one of the hubs and return what it printed."""
        work = partial(command, *args, data_dir=self.folders[hub], config=self.config)
        return (await asyncio.to_thread(work, environ=ENVIRON)).strip()

    def at(self, hub: int, token: str | None = None) -> Caller:
        """Return a caller who goes to one of the hubs, past the proxy."""
        base_url = self.hubs[hub].base_url
        return Caller(client=self.direct[hub], base_url=base_url, token=token or self.ann.token)

    async def tell(
        self,
        event: dict[str, str],
        *,
        url: str = "/webhooks/connections/example/sms",
        hub: int | None = None,
        secret: str = SECRET,
    ) -> int:
        """Deliver a webhook, to whichever hub is next unless named, and return its status."""
        client = self.ann.client if hub is None else self.direct[hub]
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        headers = {"X-Postbird-Signature": f"t={stamp},v1={signed.hexdigest()}"}
        return (await client.post(url, content=body, headers=headers)).status_code

    async def text(self, sender: str, body: str, id_: str) -> int:
        """Let a text arrive for `ann`."""
        text = {"type": "text.received", "event_id": f"ev-{id_}", "id": id_, "from": sender}
        return await self.tell({**text, "to": ALICE, "text": body})

    def accepted(self, body: str) -> list[dict[str, str]]:
        """Return what the vendor was asked each time that it accepted a text."""
        return [line for line in read_ledger(self.ledger) if line["text"] == body]


@asynccontextmanager
async def three_hubs(folder: Path, database: str) -> AsyncIterator[Front]:
    """Serve three hubs on a migrated database, with the agent `ann`."""
    folders = tuple(folder / name for name in ("one", "two", "three"))
    config, ledger = folder / "trunkline.toml", folder / "ledger"
    async with AsyncExitStack() as stack:
        vendor = stack.enter_context(vendor_process(ledger, flavour="key"))
        proxy = await stack.enter_async_context(round_robin())
        config.write_text(
            SETTINGS.format(proxy=proxy.port, database=database, vendor=vendor, secret=SECRET)
        )
        proxy.ports = [free_port() for _ in folders]
        serve = partial(hub_process, "serve", config=config, environ=ENVIRON)
        hubs = tuple(
            [
                await stack.enter_async_context(serve(data_dir=folder, port=port))
                for folder, port in zip(folders, list(proxy.ports), strict=True)
            ]
        )
        base_url = f"http://127.0.0.1:{proxy.port}"
        urls = (base_url, *(hub.base_url for hub in hubs))
        clients = [
            await stack.enter_async_context(
                httpx2.AsyncClient(base_url=url, timeout=60, limits=EACH_ITS_OWN)
            )
            for url in urls
        ]
        front = Front(
            proxy=proxy,
            hubs=hubs,
            folders=folders,
            config=config,
            database=database,
            direct=tuple(clients[1:]),
            ann=Caller(client=clients[0], base_url=base_url, token="", limits=EACH_ITS_OWN),
            ledger=ledger,
        )
        await front.run(0, "agents", "create", "ann", f"phone={ALICE}")
        token = await front.run(0, "tokens", "issue", "ann")
        yield replace(front, ann=replace(front.ann, token=token))
