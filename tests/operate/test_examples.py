"""What `docs/operate/examples` holds is read by what it is for, and serves a hub."""

import asyncio
import configparser
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr

from plugins.postgres.tests.server import Server, query
from tests.egress.certificates import certificate
from tests.flows.hubs import ANN, DEMO, HANDSET, SIGNING_KEY, Caller, Served, serve
from tests.house.test_pages import complaint
from tests.processes import free_port
from trunkline.loading import load_plugins
from trunkline.sdk import E164
from trunkline.settings import Settings, load_settings
from trunkline.surfaces.http import MAX_BODY_BYTES
from trunkline_demo.config import DemoConfig
from trunkline_demo.webhooks import SIGNATURE_HEADER, Inbound, signature

EXAMPLES = Path(__file__).parents[2] / "docs" / "operate" / "examples"
SITE = "comms.example.com"


def example(name: str) -> str:
    return (EXAMPLES / name).read_text("utf-8")


def program(name: str) -> str:
    """Return where a program is; without it the test skips and says so."""
    found = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


# --- what the files say ---------------------------------------------------------------------------


def secrets() -> dict[str, str]:
    return dict(line.split("=", 1) for line in example("secrets").splitlines())


def test_case_f3_the_settings_and_secrets_are_ones_that_a_hub_takes(tmp_path: Path) -> None:
    settings = load_settings(
        config=EXAMPLES / "trunkline.toml", data_dir=tmp_path, environ=secrets(), overrides={}
    )
    config = load_plugins().telephony["twilio"].config
    extras = [field.json_schema_extra for field in config.model_fields.values()]

    assert settings.public_url == f"https://{SITE}"
    assert {*secrets()} <= {extra["env"] for extra in extras if isinstance(extra, dict)}


def test_case_f3_the_proxies_lead_to_where_a_hub_listens_by_default() -> None:
    default = Settings().server
    for name in ("Caddyfile", "nginx.conf"):
        assert f"{default.host}:{default.port}" in example(name)
        assert SITE in example(name)


def test_case_f3_nginx_lets_through_what_the_hub_takes_and_waits_as_long() -> None:
    size = re.search(r"client_max_body_size (\d+)m;", example("nginx.conf"))

    assert size is not None
    assert int(size[1]) * 1_000_000 > MAX_BODY_BYTES
    assert "proxy_buffering off;" in example("nginx.conf")
    assert "proxy_read_timeout 1h;" in example("nginx.conf")


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(example("trunkline.service"))
    return parser["Service"]


def test_case_f3_the_unit_starts_a_hub_and_does_not_insist_on_one_that_is_set_up_wrong() -> None:
    _, *arguments = unit()["ExecStart"].split()

    assert complaint(arguments) is None
    assert unit()["RestartPreventExitStatus"].split() == ["2", "78"]
    assert int(unit()["TimeoutStopSec"]) > 10
    assert unit()["StateDirectory"] == Path(arguments[-1]).name


def test_case_f3_systemd_understands_the_unit(tmp_path: Path) -> None:
    systemd_analyze = program("systemd-analyze")
    unit_file = tmp_path / "trunkline.service"
    unit_file.write_text(
        example("trunkline.service").replace("/opt/trunkline/bin/trunkline", f'"{sys.executable}"')
    )
    done = subprocess.run(
        [systemd_analyze, "verify", unit_file], capture_output=True, text=True, check=False
    )

    assert (
        done.returncode,
        [line for line in done.stderr.splitlines() if "trunkline" in line],
    ) == (0, [])


@pytest.mark.postgres
@pytest.mark.slow
async def test_case_f3_the_role_owns_a_database_that_serves_a_hub(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.url("trunkline").replace("postgres@", "trunkline@")
    try:
        for statement in example("postgres.sql").split(";\n"):
            if statement.strip():
                query(postgres.url(), statement)
        async with serve(tmp_path, database=url, migrate=True) as hub:
            ann = await hub.agent("ann", ANN)
            assert (await ann.send(HANDSET, "hello"))["status"] == "sent"
    finally:
        query(postgres.url(), "DROP DATABASE IF EXISTS trunkline WITH (FORCE)")
        query(postgres.url(), "DROP ROLE IF EXISTS trunkline")


# --- the proxies, before a hub --------------------------------------------------------------------


@contextmanager
def nginx(certificates: Path, port: int, hub_port: int, folder: Path) -> Iterator[None]:
    site = example("nginx.conf")
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        f"/etc/letsencrypt/live/{SITE}/fullchain.pem": str(certificates),
        f"/etc/letsencrypt/live/{SITE}/privkey.pem": str(certificates),
        "127.0.0.1:3100": f"127.0.0.1:{hub_port}",
    }.items():
        assert old in site
        site = site.replace(old, new)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n"
        f"{site}}}"
    )
    argv = (program("nginx"), "-c", str(file), "-e", str(folder / "error.log"))
    with running(*argv, port=port, home=folder):
        yield


@contextmanager
def caddy(certificates: Path, port: int, hub_port: int, folder: Path) -> Iterator[None]:
    site = example("Caddyfile")
    for old, new in {
        f"{SITE} {{": f"{SITE}:{port} {{\nbind 127.0.0.1\ntls {certificates} {certificates}",
        "127.0.0.1:3100": f"127.0.0.1:{hub_port}",
    }.items():
        assert old in site
        site = site.replace(old, new)
    file = folder / "Caddyfile"
    file.write_text("{\nadmin off\nauto_https disable_redirects\nskip_install_trust\n}\n" + site)
    caddy_ = program("caddy")
    for path in (EXAMPLES / "Caddyfile", file):
        subprocess.run([caddy_, "validate", "--adapter", "caddyfile", "--config", path], check=True)
    with running(
        caddy_, "run", "--adapter", "caddyfile", "--config", str(file), port=port, home=folder
    ):
        yield


@contextmanager
def running(*argv: str, port: int, home: Path) -> Iterator[None]:
    """Run a server until the block is left, which is entered once it listens."""
    environ = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    with subprocess.Popen(argv, env=environ) as process:
        try:
            for _ in range(200):
                assert process.poll() is None, "it ended at its start"
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield
        finally:
            process.kill()  # how a proxy stops is its own affair
            process.wait(timeout=10)


class Towards(httpx2.AsyncHTTPTransport):
    """Takes what is meant for `SITE` to a port of this machine, as its name server would."""

    def __init__(self, port: int, certificates: Path) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=certificates))
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        request.extensions = {**request.extensions, "sni_hostname": SITE}
        return await super().handle_async_request(request)


Proxy = Callable[[Path, int, int, Path], AbstractContextManager[None]]


@asynccontextmanager
async def proxied(proxy: Proxy, folder: Path) -> AsyncIterator[tuple[Served, httpx2.AsyncClient]]:
    """Serve a hub behind a proxy; the client is one that calls it by its public URL."""
    pem, port = folder / "site.pem", free_port()
    certificate(SITE, pem)
    public = DEMO.replace("demo = true", f'demo = true\npublic_url = "https://{SITE}"')
    (folder / "data").mkdir()
    async with serve(folder / "data", toml=public) as hub:
        hub_port = int(hub.base_url.rpartition(":")[2])
        with proxy(pem.with_suffix(".both"), port, hub_port, folder):
            transport = Towards(port, pem)
            async with httpx2.AsyncClient(
                transport=transport, base_url=f"https://{SITE}", timeout=30
            ) as client:
                yield hub, client


PROXIES = pytest.mark.parametrize("proxy", [caddy, nginx], ids=lambda proxy: str(proxy.__name__))


@pytest.mark.slow
@PROXIES
async def test_case_f3_a_hub_is_whole_behind_a_proxy(proxy: Proxy, tmp_path: Path) -> None:
    async with proxied(proxy, tmp_path) as (hub, client):
        ann = await hub.agent("ann", ANN)
        far = Caller(client=client, base_url=f"https://{SITE}", token=ann.token)
        signed = _signed(Inbound(id="t1", sender=E164(HANDSET), recipient=E164(ANN), body="hi"))
        taken = await client.post(_INBOUND, **signed)
        large = await client.post(_INBOUND, content=b"x" * (MAX_BODY_BYTES + 1))
        handsets = await client.get("/demo/handsets")

        assert (await client.get("/health/ready")).status_code == 200
        assert (await far.send(HANDSET, "hello"))["status"] == "sent"
        assert taken.status_code == 204
        assert [each["body"] for each in await far.inbox(unread=True)] == ["hi"]
        assert (large.status_code, large.json()["code"]) == (413, "too_large")
        assert handsets.status_code == 404


@pytest.mark.slow
@PROXIES
async def test_case_f3_an_mcp_client_behind_a_proxy_hears_at_once(
    proxy: Proxy, tmp_path: Path
) -> None:
    uri = "trunkline://agents/ann/unread"
    async with proxied(proxy, tmp_path) as (hub, client):
        ann = await hub.agent("ann", ANN)
        client.headers["Authorization"] = f"Bearer {ann.token}"
        transport = streamable_http_client(f"https://{SITE}/mcp", http_client=client)
        async with Client(transport) as mcp, mcp.listen(resource_subscriptions=[uri]) as listening:
            signed = _signed(Inbound(id="t1", sender=E164(HANDSET), recipient=E164(ANN), body="hi"))
            assert (await client.post(_INBOUND, **signed)).status_code == 204
            heard: Any = await asyncio.wait_for(anext(listening), 5)
            waited = await mcp.call_tool("comms_wait_for_reply", {"timeoutSeconds": 5})

    assert str(heard.uri) == uri
    assert waited.structured_content is not None
    assert "\nhi\n" in waited.structured_content["body"]  # fenced: it is from outside


_INBOUND = "/webhooks/connections/demo/sms"


def _signed(text: Inbound) -> dict[str, Any]:
    """Return a webhook as the network signs it for the public URL."""
    body = text.model_dump_json(by_alias=True).encode()
    config = DemoConfig(signing_key=SecretStr(SIGNING_KEY))
    given = signature("POST", f"https://{SITE}{_INBOUND}", body, config)
    return {"content": body, "headers": {SIGNATURE_HEADER: given}}
