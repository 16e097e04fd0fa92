"""
A file of 25 MB is uploaded: what it costs in memory, and what others wait meanwhile.

    python -m bench.large_upload

Then: how long a message of 20 seconds takes from its text to a call, if the local voice speaks.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Final

import httpx2

from bench.large_mail import forget_peak, memory_mib, p99, waits
from tests.processes import command, free_port, hub_process

SIZE_BYTES: Final = 25_000_000
ROUNDS: Final = 5
MOST_MIB: Final = 10.0
MOST_TIMES: Final = 2.0
MOST_S: Final = 2.0
_QUIET_S: Final = 3.0
_PIECE: Final = 65_536
_TEXT: Final = (
    "Hello. This is the harbour restaurant, about your table for six on Friday. The kitchen "
    "closes at ten, so please come at half past seven at the latest. If you cannot come, call us "
    "back before noon, so that somebody else may have it. We have kept the place by the window for "
    "you, as you asked, and we look forward to see you and your guests."
)
_TOML: Final = """
[server]
demo = true
[slots]
telephony = "demo"
email = "demo"
tts = "local-voice"
storage = "local-storage"
"""


async def file(head: bytes) -> AsyncIterator[bytes]:
    """Yield a picture as it comes over a wire."""
    yield head + os.urandom(_PIECE - len(head))
    for _ in range(SIZE_BYTES // _PIECE - 1):
        yield os.urandom(_PIECE)


async def upload(client: httpx2.AsyncClient) -> None:
    """Upload a file that is as large as may be."""
    answer = await client.post(
        "/api/v1/media",
        content=file(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
        headers={"Content-Type": "image/jpeg"},
    )
    assert answer.status_code == 201, answer.text


async def speak(client: httpx2.AsyncClient, number: int) -> tuple[float, float]:
    """Return how long a voice message took, and how long it is, in seconds."""
    began = time.perf_counter()
    answer = await client.post(
        "/api/v1/tools/comms_send_voice_message",
        json={"to": "+12025550150", "text": f"{number}. {_TEXT}", "deliveryChannel": "phone_call"},
    )
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return took, float(answer.json()["durationSeconds"])


def agents_token(data_dir: Path) -> str:
    """Make the agent and return its token."""
    more = {"DEMO_MODE": "true"}
    command("agents", "create", "ava", "phone=+12025550101", data_dir=data_dir, environ=more)
    issued = command("tokens", "issue", "ava", "--json", data_dir=data_dir, environ=more)
    token: str = json.loads(issued)["token"]
    return token


async def measure(data_dir: Path) -> bool:
    """Measure, print, and tell whether it is within what is promised."""
    config = data_dir / "trunkline.toml"
    config.write_text(_TOML)
    environ = {"DEMO_MODE": "true"}
    async with hub_process(
        "serve", data_dir=data_dir, port=free_port(), config=config, environ=environ
    ) as hub:
        token = await asyncio.to_thread(agents_token, data_dir)
        async with httpx2.AsyncClient(
            base_url=hub.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60.0
        ) as client:
            await upload(client)
            pid = hub.process.pid
            before, calm, busy = memory_mib(pid, "VmRSS"), list[float](), list[float]()
            forget_peak(pid)
            for _ in range(ROUNDS):
                calm += await meanwhile(client, asyncio.sleep(_QUIET_S))
                busy += await meanwhile(client, upload(client))
            grown, times = memory_mib(pid, "VmHWM") - before, p99(busy) / p99(calm)
            print(
                f"{ROUNDS} uploads of {SIZE_BYTES / 1e6:.0f} MB: peak +{grown:.1f} MiB over "
                f"{before:.0f} MiB (promised {MOST_MIB:.0f}); others' p99 {p99(calm):.1f} ms, "
                f"meanwhile {p99(busy):.1f} ms of {len(busy)} calls: {times:.2f} times (promised "
                f"{MOST_TIMES:.0f})"
            )
            spoken = [await speak(client, number) for number in range(ROUNDS)]
            took_s = statistics.median(took for took, _ in spoken)
            print(
                f"a message of {spoken[0][1]:.1f} s: spoken, converted, stored and handed over in "
                f"{took_s:.2f} s (promised {MOST_S:.0f})"
            )
    return grown <= MOST_MIB and times <= MOST_TIMES and took_s <= MOST_S


async def meanwhile(client: httpx2.AsyncClient, work: Awaitable[None]) -> list[float]:
    """Return how long each call of others took while something was done."""
    over = asyncio.Event()
    others = asyncio.create_task(waits(client, over))
    await work
    over.set()
    return await others


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not asyncio.run(measure(Path(folder))))
