"""
The HTTP client that adapters are lent, beside httpx2's own transport and bare aiohttp.

``python -m bench.clients NAME PORT SECONDS`` prints how many requests a second one of them makes.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import httpx2
import uvloop

from bench.figures import Figure, ratio, value
from bench.processes import ROOT, Server, sink
from bench.run import Run
from bench.traffic import ACCOUNT, AUTH_TOKEN, PHONE, body_of, recipient_of
from trunkline.egress import open_client
from trunkline.logs import get_log

CONNECTIONS: Final = 32
NAMES: Final = {"lent": "the lent client", "httpx2": "httpx2", "aiohttp": "aiohttp"}
_WARM_UP_S: Final = 0.5
_FORM: Final = {"To": recipient_of(0), "From": PHONE, "Body": body_of(0)}

Ask = Callable[[str], Awaitable[int]]


def measure(run: Run) -> Iterator[Figure]:
    """Let each client ask a vendor in turn."""
    per_s: dict[str, list[float]] = {name: [] for name in NAMES}
    with sink(run.directory("vendor")) as vendor:
        for _ in run.each_round():
            for name, found in per_s.items():
                found.append(_per_s(name, vendor, run.seconds))
    for name, found in per_s.items():
        at = f"Requests by {NAMES[name]}, {CONNECTIONS} at a time"
        yield value(at, found, "/s")
    for other in ("httpx2", "aiohttp"):
        at = f"Requests by {NAMES['lent']} ÷ {NAMES[other]}"
        yield ratio(at, per_s["lent"], per_s[other])


def _per_s(name: str, vendor: Server, seconds: float) -> float:
    command = [sys.executable, "-m", "bench.clients", name, str(vendor.port), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=120)
    return float(done.stdout)


@asynccontextmanager
async def _open(name: str, url: str) -> AsyncIterator[Ask]:
    auth = (ACCOUNT, AUTH_TOKEN)
    if name == "aiohttp":
        basic = {"Authorization": aiohttp.encode_basic_auth(*auth)}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, headers=basic) as session:

            async def ask(path: str) -> int:
                async with session.post(f"{url}{path}", data=_FORM) as response:
                    await response.read()
                    return response.status

            yield ask
        return
    opened = (
        open_client(total_s=30, allow=[url], log=get_log("trunkline"))
        if name == "lent"
        else httpx2.AsyncClient()
    )
    async with opened as client:

        async def ask_by_httpx2(path: str) -> int:
            return (await client.post(f"{url}{path}", data=_FORM, auth=auth)).status_code

        yield ask_by_httpx2


async def _ask_for(name: str, port: int, seconds: float) -> float:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    counted = 0

    async def keep_asking(ask: Ask, begins: float) -> None:
        nonlocal counted
        while (now := time.perf_counter()) < begins + seconds:
            status = await ask(path)
            if status != 201:
                raise RuntimeError(f"{name} was answered {status}")
            counted += now >= begins

    async with _open(name, f"http://127.0.0.1:{port}") as ask:
        begins = time.perf_counter() + _WARM_UP_S
        await asyncio.gather(*(keep_asking(ask, begins) for _ in range(CONNECTIONS)))
    return counted / seconds


if __name__ == "__main__":
    print(uvloop.run(_ask_for(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
