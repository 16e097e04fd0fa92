"""
A stand-in for Postbird, the example adapter's vendor, in a process of its own.

``python vendor.py LEDGER [OPTIONS]`` prints its port and serves. Each text it accepts is a line in
LEDGER before it answers: what stands there went out, whatever became of the hub. What it told the
hub stands in LEDGER.told. OPTIONS is a JSON object of the fields of `Options`.

Only if asked to does it drop a text whose reference it has seen (``key``), or tell which texts it
has (``lookup``).
"""

import asyncio
import hashlib
import hmac
import json
import logging
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, web

SECRET: Final = "pb-test-secret"
TAKES_LATE_S: Final = 0.5
"""How long after it broke off a request it may still take its text."""
_PAUSE_S: Final = 0.03
_AT_ONCE: Final = 12
"""So many things are being told to the hub at most; more make no more arrive."""
_AGAIN_S: Final = (0.2, 2.0)
"""How long it waits before it tells the same again: twice as long each time, within these."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    What the vendor is like.

    Attributes:
        flavour: ``key`` drops a repeated reference, ``lookup`` can be asked, ``none`` does neither.
        mishap: How often a request goes wrong, from 0 to 1: see `_MISHAPS`.
        reported: How many of its texts it reports on.
        slow_s: How long a text that begins with "slow" has been accepted before that is answered.
        inbound_url: Where it sends texts that arrive, and `inbound_per_s` how many.
    """

    flavour: str = "none"
    seed: int = 1
    mishap: float = 0.0
    reported: float = 0.0
    slow_s: float = 20.0
    inbound_url: str = ""
    inbound_per_s: float = 0.0


@dataclass(kw_only=True)
class Text:
    """A text that was accepted."""

    id: str
    asked: dict[str, str]
    accepted_at: float = field(default_factory=time.time)
    status: str = "queued"

    def shown(self) -> dict[str, Any]:
        """Return what a look-up shows of it."""
        return {
            "id": self.id, "from": self.asked["from"], "to": self.asked["to"],
            "status": self.status, "created_at": self.accepted_at, "text": self.asked["text"],
        }  # fmt: skip


_MISHAPS: Final = ("busy", "refused", "lost", "failed", "dropped", "dropped_late")
"""Not accepted: 429, 500, no answer. Accepted: 500, no answer, and none before it is accepted."""


class Vendor:
    """Accepts texts after a short, uneven while, and reports on them."""

    def __init__(self, ledger: int, told: int, options: Options) -> None:
        self._ledger = ledger
        self._told = told
        self._options = options
        self._random = random.Random(options.seed)
        self._by_reference: dict[str, list[Text]] = defaultdict(list)
        self._errands: set[asyncio.Task[None]] = set()
        self._telling = asyncio.Semaphore(_AT_ONCE)
        self._mishap = options.mishap
        self._inbound: asyncio.Task[None] | None = None

    def application(self) -> web.Application:
        """Return what serves it."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/texts", self.take),
                web.get("/v1/texts", self.find),
                web.get("/v1/texts/{id}", self.show),
                web.post("/quiet", self.quiet),
            ]
        )
        app.cleanup_ctx.append(self._working)
        return app

    async def _working(self, app: web.Application) -> Any:
        async with ClientSession(timeout=ClientTimeout(total=10)) as self._http:
            if self._options.inbound_per_s:
                self._inbound = asyncio.create_task(self._write_texts())
            yield

    async def take(self, request: web.Request) -> web.Response:
        """Take a text, or do not, and answer, or do not."""
        asked = await request.json()
        await asyncio.sleep(self._random.uniform(0.0, _PAUSE_S))
        mishap = None
        if self._random.random() < self._mishap:
            mishap = self._random.choice(_MISHAPS)
        if mishap in {"busy", "refused", "lost", "dropped_late"}:
            if mishap == "dropped_late":
                self._later(self._accept_late(asked))
            return self._gone_wrong(request, mishap)
        text = self._accept(asked)
        if self._random.random() < self._options.reported:
            await self._report(text)
        slow = asked["text"].startswith("slow")
        await asyncio.sleep(self._options.slow_s if slow else self._random.uniform(0.0, _PAUSE_S))
        if mishap is not None:
            return self._gone_wrong(request, mishap)
        return web.json_response({"id": text.id, "status": text.status}, status=201)

    async def find(self, request: web.Request) -> web.Response:
        """List the texts from a number to a number since a time; only ``lookup`` does."""
        if self._options.flavour != "lookup":
            raise web.HTTPNotFound
        asked = request.query
        found = [
            text.shown()
            for texts in self._by_reference.values()
            for text in texts
            if text.asked["from"] == asked["from"]
            and text.asked["to"] == asked["to"]
            and text.accepted_at >= float(asked["since"])
        ]
        return web.json_response({"items": found})

    async def show(self, request: web.Request) -> web.Response:
        """Show one text."""
        for text in self._by_reference[request.match_info["id"].removeprefix("text-")]:
            if text.id == request.match_info["id"]:
                return web.json_response(text.shown())
        raise web.HTTPNotFound

    async def quiet(self, _: web.Request) -> web.Response:
        """Have no mishap any more, and no more texts that arrive; tell when all is told."""
        self._mishap = 0.0
        if self._inbound is not None:
            self._inbound.cancel()
        return web.json_response({"left": len(self._errands)})

    def _accept(self, asked: dict[str, str]) -> Text:
        before = self._by_reference[asked["reference"]]
        if before and self._options.flavour == "key":
            return before[0]
        again = f"-{len(before) + 1}" if before else ""
        text = Text(id=f"text-{asked['reference']}{again}", asked=asked)
        before.append(text)
        line = {name: asked[name] for name in ("reference", "text", "callback_url")}
        os.write(self._ledger, json.dumps(line).encode() + b"\n")
        return text

    async def _accept_late(self, asked: dict[str, str]) -> None:
        await asyncio.sleep(self._random.uniform(0.0, TAKES_LATE_S))
        self._accept(asked)

    def _gone_wrong(self, request: web.Request, mishap: str) -> web.Response:
        if mishap == "busy":
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        if mishap in {"refused", "failed"}:
            return web.json_response({}, status=500)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _report(self, text: Text) -> None:
        """Report on a text in any order, each status once or more, also before its answer."""
        last = self._random.choice(["delivered"] * 8 + ["undelivered", "sent"])
        statuses = list(dict.fromkeys(["sent", last]))
        if self._random.random() < 0.2:
            statuses.append(self._random.choice(statuses))
        self._random.shuffle(statuses)
        for status in statuses:
            report = {"type": "text.status", "event_id": f"{text.id}-{status}", "status": status}
            address = {"id": text.id, "from": text.asked["from"], "to": text.asked["to"]}
            telling = self._tell(text.asked["callback_url"], {**report, **address})
            if status == last:
                text.status = last
            self._write_down({"reports": {**report, **address}})
            delay_s = self._random.choice([0.0, self._random.uniform(0.0, 1.5)])
            told = self._later(telling, delay_s)
            if not delay_s:
                await asyncio.wait({told}, timeout=0.5)  # before the answer, if the hub is there

    async def _write_texts(self) -> None:
        number = 0
        to = "+14155550123"
        while True:
            await asyncio.sleep(1 / self._options.inbound_per_s)
            if len(self._errands) > 5 * _AT_ONCE:
                continue
            number += 1
            name = f"in-{number}"
            event = {"type": "text.received", "event_id": name, "id": name, "text": f"hello {name}"}
            text = {**event, "from": f"+1212555{number % 100 + 100:04d}", "to": to}
            for _ in range(self._random.choice([1, 1, 1, 2])):
                delay_s = self._random.uniform(0.0, 0.5)
                self._later(self._tell(self._options.inbound_url, text), delay_s)

    def _later(self, errand: Coroutine[Any, Any, None], delay_s: float = 0.0) -> asyncio.Task[None]:
        async def wait() -> None:
            await asyncio.sleep(delay_s)
            await errand

        task = asyncio.create_task(wait())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    async def _tell(self, url: str, event: dict[str, str]) -> None:
        """Tell the hub of an event until it answers 2xx, as vendors do, and note that it did."""
        body, (pause_s, longest_s) = json.dumps(event).encode(), _AGAIN_S
        while True:
            stamp = str(int(time.time()))
            digest = hmac.digest(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
            headers = {"X-Postbird-Signature": f"t={stamp},v1={digest.hex()}"}
            try:
                async with (
                    self._telling,
                    self._http.post(url, data=body, headers=headers) as answer,
                ):
                    if answer.ok:
                        self._write_down({"heard": event})
                        return
                    if answer.status < 500:
                        self._write_down({"refused": event, "status": answer.status})
                        return
            except (ClientError, TimeoutError, OSError):
                pass  # the hub is away
            await asyncio.sleep(self._random.uniform(pause_s / 2, pause_s))
            pause_s = min(2 * pause_s, longest_s)

    def _write_down(self, fact: dict[str, Any]) -> None:
        os.write(self._told, json.dumps(fact).encode() + b"\n")


async def main(ledger: str, options: str = "{}") -> None:
    """Serve until the process ends."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    accepted, told = os.open(ledger, flags, 0o600), os.open(f"{ledger}.told", flags, 0o600)
    logging.disable()  # a hub that was killed in the middle of a request is no news
    vendor = Vendor(accepted, told, Options(**json.loads(options)))
    runner = web.AppRunner(vendor.application(), access_log=None, handler_cancellation=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
