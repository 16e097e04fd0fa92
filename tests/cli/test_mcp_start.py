"""How `trunkline mcp` begins: answered by the hub that runs, before much is imported."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.hubs import ANN, DEMO
from tests.processes import clean_environment, command, free_port, hub_process
from trunkline.cli.whereabouts import likely_socket
from trunkline.serving import socket_path
from trunkline.settings import load_settings

HEAVY = {
    *("alembic", "anyio", "asyncio", "fastapi", "httpx2", "mcp", "packaging", "phonenumbers"),
    *("pluggy", "pydantic", "pydantic_core", "sqlalchemy", "starlette", "structlog", "uvicorn"),
    *("trunkline.core", "trunkline.db", "trunkline.link", "trunkline.loading", "trunkline.sdk"),
    *("trunkline.settings", "uvloop"),
}
"""What takes long to import, and is not needed to pass on a question."""
SCRIPT = f"""
import atexit, sys
atexit.register(lambda: print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr))
import trunkline.cli
trunkline.cli.main()
"""
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO: dict[str, Any] = {
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
SHAKEN: dict[str, Any] = {"method": "notifications/initialized"}
PROBE: dict[str, Any] = {"id": "p", "method": "server/discover", "params": {"_meta": META}}
CALL: dict[str, Any] = {
    "id": 9,
    "method": "tools/call",
    "params": {"name": "comms_get_channel_status", "arguments": {}},
}
LISTS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list", "ping")


def modern(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request as the stateless era makes it."""
    return {**request, "params": {**request.get("params", {}), "_meta": META}}


class Place:
    """A data directory with an agent, and clients' processes on it."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.config = folder / "data", folder / "trunkline.toml"
        self.config.write_text(DEMO)
        where: dict[str, Any] = {"data_dir": self.data_dir, "config": self.config}
        command("agents", "create", "ann", f"phone={ANN}", **where)
        self.token = command("tokens", "issue", "ann", **where).strip()

    async def say(
        self, *messages: dict[str, Any], era: str = "auto"
    ) -> tuple[list[dict[str, Any]], str]:
        """Return what a client's process answers to messages, and which heavy modules it had."""
        where = ["--data-dir", str(self.data_dir), "--config", str(self.config), "--era", era]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SCRIPT, "mcp", *where),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**clean_environment(), "TRUNKLINE_TOKEN": self.token},
        )
        lines = [json.dumps({"jsonrpc": "2.0", **each}) + "\n" for each in messages]
        async with asyncio.timeout(120):
            out, err = await process.communicate("".join(lines).encode())
        assert process.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()], err.decode().strip()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(place: Place) -> AsyncIterator[Place]:
    serving = hub_process("serve", data_dir=place.data_dir, port=free_port(), config=place.config)
    async with serving:
        yield place


async def test_what_a_client_asks_first_is_answered_without_a_heavy_import(hub: Place) -> None:
    asked = [{"id": id_, "method": method} for id_, method in enumerate(LISTS[1:], 1)]
    answers, heavy = await hub.say(PROBE, HELLO, SHAKEN, *asked)

    assert heavy == "[]"
    assert [answer["id"] for answer in answers] == ["p", 0, 1, 2, 3, 4]
    assert answers[0]["result"]["supportedVersions"] == ["2026-07-28"]
    assert answers[1]["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.slow
@pytest.mark.parametrize("is_modern", [True, False])
async def test_the_first_answers_are_the_same_once_the_sdk_gives_them(
    hub: Place, *, is_modern: bool
) -> None:
    asked = [{"id": id_, "method": method} for id_, method in enumerate(LISTS, 1)]
    begun = [PROBE, *map(modern, asked)] if is_modern else [HELLO, SHAKEN, *asked]
    refused = modern({"id": "u", "method": "no/such"}) if is_modern else {**asked[0], "id": "u"}
    early, _ = await hub.say(*begun)
    late, _ = await hub.say(refused, *begun)

    by_id = {answer["id"]: answer for answer in late}
    assert by_id.pop("u")["error"]["code"] == (-32601 if is_modern else -32602)
    assert {answer["id"]: answer for answer in early} == by_id
    assert len(early) == len(LISTS) + 1


@pytest.mark.slow
async def test_a_client_that_probed_too_impatiently_may_shake_hands(hub: Place) -> None:
    long = {**CALL, "params": {**CALL["params"], "_meta": {"longer than": "x" * 200_000}}}
    answers, _ = await hub.say(PROBE, HELLO, SHAKEN, {"id": 1, "method": "tools/list"}, long)

    assert [answer["id"] for answer in answers] == ["p", 0, 1, 9]  # each of them once
    assert answers[3]["result"]["structuredContent"]["agentId"] == "ann"


@pytest.mark.slow
@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_stateless_client_goes_on_with_a_call(hub: Place, era: str) -> None:
    answers, _ = await hub.say(PROBE, modern(CALL), era=era)
    by_id = {answer["id"]: answer for answer in answers}

    if era == "auto":
        assert by_id[9]["result"]["structuredContent"]["agentId"] == "ann"
    else:
        assert {by_id[9]["error"]["code"], by_id["p"]["error"]["code"]} <= {-32601, -32602}


@pytest.mark.slow
async def test_the_first_process_is_the_hub_and_takes_a_handshake_after_a_probe(
    tmp_path: Path,
) -> None:
    answers, _ = await Place(tmp_path).say(PROBE, HELLO, SHAKEN, CALL)
    by_id = {answer["id"]: answer for answer in answers}

    assert len(answers) == 3
    assert by_id["p"]["result"]["supportedVersions"] == ["2026-07-28"]
    assert by_id[0]["result"]["protocolVersion"] == "2025-11-25"
    assert by_id[9]["result"]["structuredContent"]["agentId"] == "ann"


@pytest.mark.parametrize("option", [None, "/o/data", "relative"])
@pytest.mark.parametrize("file", ["", "[server]\ndata_dir = 'in/file'", "[server]\ndemo = true"])
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TRUNKLINE_DATA_DIR": "/short", "TRUNKLINE_SERVER__DATA_DIR": "/long"},
        {"TRUNKLINE_SERVER__DATA_DIR": "~/long"},
        {"DEMO_MODE": "yes"},
        {"DEMO_MODE": "", "TRUNKLINE_SERVER__DEMO": "False"},
    ],
)
def test_the_hub_is_looked_for_where_the_settings_have_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    file: str,
    option: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somebody")  # so short that a socket has room in it
    Path("folder").mkdir()
    config = Path("folder/trunkline.toml")
    config.write_text(file)
    data_dir = Path(option) if option else None

    settings = load_settings(config=config, data_dir=data_dir, environ=environ)

    assert likely_socket(config, data_dir, environ) == socket_path(settings.server.data_dir)
    named = {**environ, "TRUNKLINE_CONFIG": str(config)}
    assert likely_socket(None, data_dir, named) == socket_path(settings.server.data_dir)


@pytest.mark.slow
async def test_events_are_not_offered_over_a_pipe_and_refused_with_the_reason(hub: Place) -> None:
    asked = [{"id": method, "method": method} for method in ("events/list", "events/subscribe")]
    (probed, *refused), _ = await hub.say(PROBE, *map(modern, asked))
    (shaken, *also), _ = await hub.say(HELLO, SHAKEN, *asked)

    for said in (probed, shaken):
        assert "events" not in said["result"]["capabilities"]
        assert "extensions" not in said["result"]["capabilities"]
    for answer in (*refused, *also):
        assert answer["error"]["code"] == -32014
        assert "over HTTP" in answer["error"]["message"]
        assert answer["error"]["data"]["value"] == "stdio"
    assert len([*refused, *also]) == 4
