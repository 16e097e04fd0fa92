"""A stranger's adapter takes another's place: clean environments, wheels, one line changed."""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import processes
from tests.processes import command, free_port, hub_process, read_ledger, vendor_process

ROOT = Path(__file__).parents[2]
CONFIG = """
[slots]
telephony = "example"

[providers.example]
base_url = "{vendor}"
api_key = "key-for-tests"
signing_secret = "secret-for-tests"

[providers.acme]
base_url = "{vendor}"
api_key = "key-for-tests"
signing_secret = "secret-for-tests"
"""
ANN, PERSON = "+14155550100", "+14155552671"


@dataclass(frozen=True)
class Clean:
    """An environment with nothing in it but what is installed here, and a folder to work in."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def run(self, *words: object) -> str:
        """Run a program in the folder; it must succeed."""
        environ = processes.clean_environment()
        environ.pop("PYTHONPATH", None)
        # uv reads a list here, which a space in the checkout's path would end.
        pins = shutil.copy(ROOT / "requirements/build.txt", self.folder)
        environ["UV_BUILD_CONSTRAINT"] = str(pins)
        done = subprocess.run(
            [str(word) for word in words],
            check=False, cwd=self.folder, env=environ, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def uv(self, *words: object) -> None:
        self.run(sys.executable, "-m", "uv", "-q", *words)

    def install(self, *what: object) -> None:
        """Install; what else it takes has the versions that this checkout is tested with."""
        self.uv("pip", "install", "-p", self.python, "-c", ROOT / "constraints.txt", *what)

    def uninstall(self, name: str) -> None:
        self.uv("pip", "uninstall", "-p", self.python, name)

    def wheel(self, name: str, source: Path) -> Path:
        """Build the wheel of a project."""
        self.uv("build", "--wheel", source, "-o", self.folder / "dist")
        (wheel,) = (self.folder / "dist").glob(f"{name}-*.whl")
        return wheel

    def hub_files(self) -> dict[str, str]:
        """Return the SHA-256 of every file of the installed hub."""
        (package,) = (self.folder / "env").glob("**/site-packages/trunkline")
        return {
            path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in package.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clean:
    """A hub with a database, from wheels of this checkout; `command` and `hub_process` run it."""
    environment = Clean(tmp_path)
    environment.uv("venv", "-p", sys.executable, "env")
    hub = environment.wheel("trunkline", ROOT / "hub")
    sqlite = environment.wheel("trunkline_sqlite", ROOT / "plugins/sqlite")
    environment.install(f"trunkline[server,testing] @ {hub.as_uri()}", sqlite)
    monkeypatch.setattr(processes, "FORKED", False)
    monkeypatch.setattr(processes, "TRUNKLINE", (str(environment.python), "-m", "trunkline"))
    where = environment.run(environment.python, "-c", "import trunkline; print(trunkline.__file__)")
    assert "site-packages" in where
    return environment


@dataclass(frozen=True)
class Ann:
    """An agent with a number, on a hub in `folder` whose vendor writes `ledger`."""

    folder: Path
    vendor: str
    token: str

    @property
    def config(self) -> Path:
        return self.folder / "trunkline.toml"

    async def send(self, hub: str, body: str) -> httpx2.Response:
        arguments = {"channel": "sms", "to": PERSON, "body": body}
        return await self.post(hub, "comms_send_message", arguments)

    async def post(self, hub: str, name: str, arguments: dict[str, Any]) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient(timeout=10, headers=headers) as client:
            return await client.post(f"{hub}/api/v1/tools/{name}", json=arguments)

    async def converse(self, name: str, header: str) -> None:
        """Send a text through the connection `name`, and receive one that its vendor signed."""
        data_dir = self.folder / "data"
        async with hub_process(
            "serve", data_dir=data_dir, port=free_port(), config=self.config
        ) as hub:
            sent = await self.send(hub.base_url, f"to {name}")
            assert (sent.status_code, sent.json()["status"]) == (200, "sent"), sent.text
            assert read_ledger(self.folder / "ledger")[-1]["text"] == f"to {name}"
            url = f"{hub.base_url}/webhooks/connections/{name}/sms"
            async with httpx2.AsyncClient() as client:
                taken = await client.send(signed(client, url, header, f"from {name}"))
            assert taken.is_success, taken.text
            inbox = (await self.post(hub.base_url, "comms_get_messages", {"unread": True})).json()
            assert f"from {name}" in [message["body"] for message in inbox["messages"]]


def signed(client: httpx2.AsyncClient, url: str, header: str, text: str) -> httpx2.Request:
    """Return a text as the vendor of both adapters posts it."""
    event = {
        "event_id": text, "type": "text.received", "id": text, "from": PERSON, "to": ANN,
        "text": text,
    }  # fmt: skip
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    key = b"secret-for-tests"
    signature = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return client.build_request(
        "POST", url, content=body, headers={header: f"t={stamp},v1={signature}"}
    )


@pytest.fixture
def ann(clean: Clean) -> Iterator[Ann]:
    """An agent of the clean environment's hub."""
    config, data_dir = clean.folder / "trunkline.toml", clean.folder / "data"
    with vendor_process(clean.folder / "ledger") as vendor:
        config.write_text(CONFIG.format(vendor=vendor))
        command("agents", "create", "ann", f"phone={ANN}", data_dir=data_dir, config=config)
        token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
        yield Ann(clean.folder, vendor, token)


@pytest.mark.slow
async def test_an_adapter_written_from_nothing_takes_anothers_place_by_one_line(
    clean: Clean, ann: Ann
) -> None:
    clean.install(clean.wheel("trunkline_example", ROOT / "plugins/example"))
    before = clean.hub_files()
    await ann.converse("example", "x-postbird-signature")
    trunkline = clean.python.with_name("trunkline")

    clean.run(trunkline, "new-plugin", "acme", "--kind", "telephony")
    clean.install("-e", "trunkline-acme")
    assert clean.run(trunkline, "plugins", "check", "acme").endswith("acme conforms.\n")
    clean.uninstall("trunkline-acme")
    clean.install(clean.wheel("trunkline_acme", clean.folder / "trunkline-acme"))
    clean.uninstall("trunkline-example")
    line, other = 'telephony = "example"', 'telephony = "acme"'
    ann.config.write_text(ann.config.read_text().replace(line, other))

    await ann.converse("acme", "x-acme-signature")
    assert clean.hub_files() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "names"),
    [("", "trunkline-demo"), ('[slots]\ntelephony = "acme"\n', "trunkline-acme")],
)
async def test_without_any_adapter_a_send_is_answered_with_what_to_install(
    ann: Ann, settings: str, names: str
) -> None:
    ann.config.write_text(settings)
    data_dir = ann.folder / "data"
    async with hub_process("serve", data_dir=data_dir, port=free_port(), config=ann.config) as hub:
        refused = await ann.send(hub.base_url, "hello")

    assert (refused.status_code, refused.json()["code"]) == (424, "not_configured")
    assert names in refused.json()["detail"]
