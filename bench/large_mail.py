"""
A mail of 25 MB with attachments comes in: what it costs in memory, and what others wait meanwhile.

    python -m bench.large_mail

The hub and its mailbox are processes of their own. Memory is the peak of the hub against what it
held once a small mail had come in.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from plugins.smtp.tests.badbox import BadBox
from tests.processes import command, free_port, hub_process

SIZE_BYTES: Final = 25_000_000
FILES: Final = 5
ROUNDS: Final = 5
MOST_MIB: Final = 30.0
MOST_TIMES: Final = 2.0
_WITHIN_S: Final = 60.0
_QUIET_S: Final = 3.0
_TOML: Final = """
[slots]
email = "smtp"

[providers.smtp]
host = "127.0.0.1"
security = "none"
imap_host = "127.0.0.1"
imap_port = {port}
imap_security = "none"
imap_user = "hub"
imap_password = "secret"
address = "ava@agents.example.com"
"""


def mail(number: int, size_bytes: int, files: int) -> bytes:
    """Return a mail with files that are so large together, as they travel."""
    head = (
        f"From: pit@quarry.example\r\nTo: ava@agents.example.com\r\nSubject: {number}\r\n"
        f"Message-ID: <m{number}@quarry.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nThe stones, as ordered.\r\n"
    ).encode()
    parts = [head]
    for index in range(files):
        content = base64.encodebytes(os.urandom(size_bytes // files * 57 // 78))
        parts += [
            b"--x\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n"
            b'Content-Disposition: attachment; filename="stone-%d.jpg"\r\n\r\n' % index,
            content.replace(b"\n", b"\r\n"),
        ]
    return b"".join([*parts, b"--x--\r\n"])


def memory_mib(pid: int, what: str) -> float:
    """Return VmRSS or VmHWM of a process."""
    told = Path(f"/proc/{pid}/status").read_text()
    (line,) = [each for each in told.splitlines() if each.startswith(what)]
    return int(line.split()[1]) / 1024


async def came_in(client: httpx2.AsyncClient, count: int) -> None:
    """Wait until so many mails can be read."""
    async with asyncio.timeout(_WITHIN_S):
        while (await read(client))["totalCount"] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def read(client: httpx2.AsyncClient) -> dict[str, int]:
    answer = await client.post("/api/v1/tools/comms_get_messages", json={"limit": 1})
    told: dict[str, int] = answer.json()
    return told


async def waits(client: httpx2.AsyncClient, until: asyncio.Event) -> list[float]:
    """Return how long each call of others took, one after the other."""
    took: list[float] = []
    while not until.is_set():
        began = time.perf_counter()
        await read(client)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.002)
    return took


def p99(took: list[float]) -> float:
    return sorted(took)[max(0, round(len(took) * 0.99) - 1)] * 1000


def agents_token(data_dir: Path) -> str:
    """Make the agent and return its token."""
    command("agents", "create", "ava", "email=ava@agents.example.com", data_dir=data_dir)
    issued = command("tokens", "issue", "ava", "--json", data_dir=data_dir)
    token: str = json.loads(issued)["token"]
    return token


def forget_peak(pid: int) -> None:
    """Let the peak of a process begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def measure(data_dir: Path) -> bool:
    """Measure, print, and tell whether it is within what is promised."""
    with mailbox() as (imap_port, ask):
        config = data_dir / "trunkline.toml"
        config.write_text(_TOML.format(port=imap_port))
        async with hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as hub:
            token = await asyncio.to_thread(agents_token, data_dir)
            ask("wait")
            async with httpx2.AsyncClient(
                base_url=hub.base_url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_WITHIN_S,
            ) as client:
                ask("1 20000 2")
                await came_in(client, 1)
                return await _rounds(ask, client, hub.process.pid)


@contextmanager
def mailbox() -> Iterator[tuple[int, Callable[[str], None]]]:
    """Run a mailbox in a process of its own; what is asked of it is done once `ask` returns."""
    argv = [sys.executable, "-m", "bench.large_mail", "mailbox"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as box:
        assert box.stdin is not None
        assert box.stdout is not None
        told, answers = box.stdin, box.stdout

        def ask(what: str) -> None:
            told.write(f"{what}\n")
            told.flush()
            answers.readline()

        try:
            yield int(answers.readline()), ask
        finally:
            box.kill()


async def be_mailbox() -> None:
    """Put mails into a box as they are asked for: a number, a size in bytes, how many files."""
    box = BadBox({}, next_uid=1, news_after_s=0.5)
    async with box.up() as port:
        print(port, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == "wait":
                while not any("SEARCH" in each for each in box.commands):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            else:
                uid, size_bytes, files = map(int, line.split())
                box.mails[uid] = mail(uid, size_bytes, files)
                box.next_uid = uid + 1
            print("done", flush=True)


async def _rounds(ask: Callable[[str], None], client: httpx2.AsyncClient, pid: int) -> bool:
    before, calm, busy = memory_mib(pid, "VmRSS"), list[float](), list[float]()
    forget_peak(pid)
    for uid in range(2, 2 + ROUNDS):
        calm += await _while(client, asyncio.sleep(_QUIET_S))
        ask(f"{uid} {SIZE_BYTES} {FILES}")
        busy += await _while(client, came_in(client, uid))
    grown, times = memory_mib(pid, "VmHWM") - before, p99(busy) / p99(calm)
    print(
        f"{ROUNDS} mails of {SIZE_BYTES / 1e6:.0f} MB: peak +{grown:.1f} MiB over {before:.0f} MiB "
        f"(promised {MOST_MIB:.0f}); others' p99 {p99(calm):.1f} ms, meanwhile {p99(busy):.1f} ms "
        f"of {len(busy)} calls: {times:.2f} times (promised {MOST_TIMES:.0f})"
    )
    return grown <= MOST_MIB and times <= MOST_TIMES


async def _while(client: httpx2.AsyncClient, work: Awaitable[None]) -> list[float]:
    over = asyncio.Event()
    others = asyncio.create_task(waits(client, over))
    await work
    over.set()
    return await others


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


if __name__ == "__main__":
    if sys.argv[1:] == ["mailbox"]:
        asyncio.run(be_mailbox())
        sys.exit()
    with _folder() as folder:
        sys.exit(not asyncio.run(measure(folder)))
