"""One run of one host in a home of its own: what it says of the hub, and what its model reads."""

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.hosts.hosts import Host
from tests.hosts.models import served
from tests.hosts.packages import PACKAGES, PYTHON_SDK
from tests.hosts.page import Section
from tests.hosts.protocols import Call, Offered, text

HTTP, STDIO = "HTTP", "stdio"
PATIENCE_S: Final = 120
_SERVER: Final = {"command": "trunkline", "args": ["mcp"]}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a host runs, and what it connects to. `packages` is the folder of the hosts."""

    home: Path
    packages: Path
    base_url: str
    data_dir: Path
    token: str
    section: Section
    transport: str

    @property
    def work(self) -> Path:
        """Return the folder that the host is started in."""
        return self.home / "work"

    def prepare(self) -> None:
        """Make the folders; the settings say to which hub ``trunkline mcp`` belongs there."""
        self.work.mkdir(parents=True)
        settings = f'[server]\ndemo = true\ndata_dir = "{self.data_dir}"\n'
        (self.work / "trunkline.toml").write_text(settings)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files into the home."""
        for name, content in files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def environ(self, proxy: str = "") -> dict[str, str]:
        """Return an environment that has nothing of this one's, and leads nowhere else."""
        programs = (Path(sys.executable).parent, self.packages / "node_modules" / ".bin")
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        return {
            "PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "TRUNKLINE_TOKEN": self.token if self.transport == HTTP else "",
            **dict.fromkeys(names if proxy else (), proxy),
        }


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    What came of a run.

    `trouble` is why there is no connection. `unlisted` is what the host's list says of a server
    that is there later all the same: Gemini CLI's list waits 5 s for one to start, the Inspector
    15 s, which is little on a busy machine. The model is offered `tools`, and reads `results`, one
    of each call. `wanted_out` is where else the host wanted to go.
    """

    trouble: str = ""
    unlisted: str = ""
    tools: Sequence[Offered] = ()
    results: Sequence[str] = ()
    wanted_out: Sequence[str] = ()
    notes: Sequence[str] = ()


NOT_PRINTED: Final = Seen(trouble="the page has no such file for this transport")


class Failed(Exception):
    """A command ended badly, or never; the text is the end of what it said."""


async def run_host(host: Host, place: Place, calls: Sequence[Call], *, by_file: bool) -> Seen:
    """Connect a host by what the page prints, see it connect, and let its model make the calls."""
    files = dict(host.files)
    if by_file:
        assert host.printed_file
        named, path = host.printed_file
        printed = place.section.file(named)
        if printed is None:
            return NOT_PRINTED
        files[path] = printed
    place.write(files)
    with served(calls) as model:
        environ = place.environ(model.base_url) | {
            name: value.replace("{model}", model.base_url) for name, value in host.environ.items()
        }
        unlisted = ""
        try:
            if not by_file:
                (add,) = place.section.commands(host.program)
                await command(add, place, environ)
            listed = await command(f"{host.list_servers} 2>&1", place, environ)
            if not re.search(host.listing, listed):
                unlisted = f"its list says: {listed[-200:].strip()}"
            await command(host.ask.replace("{model}", model.base_url), place, environ)
        except Failed as failed:
            return Seen(trouble=str(failed))
    return Seen(
        trouble="" if model.results else f"its model is offered no tool; {unlisted}",
        unlisted=unlisted,
        tools=model.tools,
        results=model.results,
        wanted_out=sorted(model.wanted_out),
    )


async def run_inspector(place: Place, calls: Sequence[Call]) -> Seen:
    """Run the page's command for the MCP Inspector, as it stands and with a call in it."""
    (printed,) = place.section.commands("npx")
    inspect = printed.replace("npx @modelcontextprotocol/inspector", "mcp-inspector")

    async def run(method: str, *, may_fail: bool = False) -> str:
        line = inspect.replace("--method tools/list", f"{method} --connect-timeout 60000")
        return await command(f"{line} 2>&1", place, place.environ(), may_fail=may_fail)

    unlisted, notes = "", []
    try:
        try:
            listed = await command(inspect, place, place.environ())
        except Failed as failed:
            unlisted = str(failed)
            listed = await run("--method tools/list")
        if place.transport == HTTP:  # once is enough
            judged = await run("--method tools/list --strict", may_fail=True)
            notes.append(f"it judges the schemas: {judged.strip().splitlines()[-1]}")
    except Failed as failed:
        return Seen(trouble=str(failed))
    results = []
    for call in calls:
        words = [f"{name}={json.dumps(value)}" for name, value in call.arguments.items()]
        method = ["--method", "tools/call", "--tool-name", call.tool, "--tool-arg", *words]
        results.append(await run(shlex.join(method), may_fail=True))
    tools = _tools(json.loads(listed)["tools"])
    return Seen(unlisted=unlisted, tools=tools, results=results, notes=notes)


async def run_sdk(program: Sequence[str], place: Place, calls: Sequence[Call]) -> Seen:
    """Let a client of an official SDK list the tools and make the calls."""
    server: dict[str, Any] = {"url": f"{place.base_url}/mcp", "token": place.token}
    if place.transport == STDIO:
        server = {**_SERVER, "env": {**place.environ(), "TRUNKLINE_TOKEN": place.token}}
    job = {**server, "calls": [{"tool": c.tool, "arguments": c.arguments} for c in calls]}
    try:
        said = await command(shlex.join(program), place, place.environ(), given=json.dumps(job))
    except Failed as failed:
        return Seen(trouble=str(failed))
    seen = json.loads(said)
    return Seen(tools=_tools(seen["tools"]), results=[text(each) for each in seen["results"]])


def sdks(packages: Path) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Give the SDKs: name, version, and the program that is a client built on it."""
    here = Path(__file__).parent
    modules, script = packages / "node_modules", str(here / "sdk.mjs")
    name = "@modelcontextprotocol/sdk"
    yield "TypeScript SDK", PACKAGES[name], ["node", script, str(modules / name)]
    older = PACKAGES["sdk-1.20"].rpartition("@")[2]
    yield "TypeScript SDK", older, ["node", script, str(modules / "sdk-1.20")]
    python = [sys.executable, str(here / "sdk.py")]
    yield "Python SDK", version("mcp"), python
    yield "Python SDK", PYTHON_SDK, ["env", f"PYTHONPATH={packages / 'python'}", *python]


async def command(
    line: str, place: Place, environ: Mapping[str, str], given: str = "", *, may_fail: bool = False
) -> str:
    """Run a line of a shell and return what it says; it and all it has started end in time."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", line, cwd=place.work, env=environ, start_new_session=True,
        stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(given.encode()), PATIENCE_S)
    except TimeoutError:
        raise Failed(f"no end after {PATIENCE_S} s: {line[:60]}") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode and not may_fail:
        raise Failed(f"{line[:30]}…: {(err or out).decode(errors='replace').strip()[-300:]}")
    return out.decode(errors="replace")


def _tools(listed: Sequence[Mapping[str, Any]]) -> list[Offered]:
    return [
        Offered(name=each["name"], description=each["description"], schema=each["inputSchema"])
        for each in listed
    ]
