"""Which web pages and host names reach a hub behind TLS, and what pages of other origins read."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Message

from tests.flows.houses import refused
from tests.flows.hubs import ANN, DEMO, Caller, Served, serve
from trunkline.surfaces.guard import Guard, LoopbackOnly

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.sqlite]

APP: Final = "https://app.example"
PUBLIC: Final = "https://hub.example"
SETTINGS: Final = DEMO.replace(
    "demo = true",
    f'demo = true\nlegacy_sse = true\npublic_url = "{PUBLIC}"\nallowed_origins = ["{APP}"]',
)
PREFLIGHT: Final = {
    "Origin": APP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id,"
    "mcp-method,mcp-name,mcp-protocol-version,mcp-session-id",
}
SHARED: Final = [
    "/mcp",
    "/sse",
    "/sse/messages",
    "/api/v1/tools",
    "/api/v1/messages",
    "/api/v1/tools/comms_send_message",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(
    migrated_file: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    data_dir = tmp_path_factory.mktemp("pages")
    (data_dir / "trunkline.db").write_bytes(migrated_file.read_bytes())
    async with serve(data_dir, toml=SETTINGS) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ann(hub: Served) -> Caller:
    return await hub.agent("ann", ANN)


def cors(response: httpx2.Response) -> dict[str, str]:
    """Return what an answer says in the words of CORS."""
    return {
        name: value for name, value in response.headers.items() if name.startswith("access-control")
    }


def words(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",")}


# --- pages of other origins -----------------------------------------------------------------------


@pytest.mark.parametrize("path", SHARED)
async def test_case_a9_a_preflight_of_an_allowed_origin_is_answered_without_a_token(
    hub: Served, path: str
) -> None:
    response = await hub.client.options(path, headers=PREFLIGHT)

    told = cors(response)
    assert response.status_code == 200
    assert told["access-control-allow-origin"] == APP
    assert words(told["access-control-allow-methods"]) >= {"get", "post", "delete"}
    assert words(told["access-control-allow-headers"]) >= words(
        PREFLIGHT["Access-Control-Request-Headers"]
    )
    assert "access-control-allow-credentials" not in told
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize(("path", "status"), [("/mcp", 200), ("/api/v1/tools", 200)])
async def test_case_a9_an_allowed_origin_reads_the_answer(
    hub: Served, ann: Caller, path: str, status: int
) -> None:
    headers = {"Origin": APP, "Authorization": f"Bearer {ann.token}"}
    if path == "/mcp":
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        accept = {"Accept": "application/json, text/event-stream"}
        response = await hub.client.post(path, json=ping, headers=headers | accept)
    else:
        response = await hub.client.get(path, headers=headers)

    told = cors(response)
    assert response.status_code == status
    assert told["access-control-allow-origin"] == APP
    assert words(told["access-control-expose-headers"]) >= {
        "mcp-session-id",
        "mcp-protocol-version",
        "www-authenticate",
        "retry-after",
    }
    assert "access-control-allow-credentials" not in told


@pytest.mark.parametrize("path", SHARED)
async def test_case_a9_an_allowed_origin_reads_a_refusal_too(hub: Served, path: str) -> None:
    response = await hub.client.post(path, json={}, headers={"Origin": APP})

    assert response.status_code in (401, 405)
    assert cors(response)["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{APP}.evil.example", f"{APP}:8443", "null", "*"]
)
@pytest.mark.parametrize("path", SHARED)
async def test_case_a9_a_foreign_origin_is_refused_and_told_nothing(
    hub: Served, ann: Caller, path: str, origin: str
) -> None:
    asked = await hub.client.options(path, headers={**PREFLIGHT, "Origin": origin})
    called = await hub.client.post(
        path, json={}, headers={"Origin": origin, "Authorization": f"Bearer {ann.token}"}
    )

    for response in (asked, called):
        assert refused(response, 403, "forbidden")
        assert cors(response) == {}


@pytest.mark.parametrize("path", SHARED)
async def test_case_a9_only_origins_that_were_named_read_answers(
    hub: Served, ann: Caller, path: str
) -> None:
    headers = {"Authorization": f"Bearer {ann.token}"}

    for given in ({}, {"Origin": "http://localhost:5173"}, {"Origin": PUBLIC}):
        assert cors(await hub.client.post(path, json={}, headers=headers | given)) == {}
        assert (
            cors(await hub.client.options(path, headers=PREFLIGHT | {"Origin": ""} | given)) == {}
        )


@pytest.mark.parametrize(
    "path", ["/openapi.json", "/metrics", "/demo/handsets", "/webhooks/ann/sms"]
)
async def test_case_a9_other_paths_are_not_shared(hub: Served, path: str) -> None:
    assert cors(await hub.client.options(path, headers=PREFLIGHT)) == {}
    assert cors(await hub.client.get(path, headers={"Origin": APP})) == {}


async def test_case_a9_a_header_that_nobody_needs_is_not_promised(hub: Served) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "x-anything"}
    response = await hub.client.options("/mcp", headers=headers)

    assert response.status_code == 400
    assert "x-anything" not in response.headers["access-control-allow-headers"]


# --- names and origins that only look like the hub's ----------------------------------------------

NOT_OURS: Final = (
    "http://localhost:x@evil.example",
    "http://localhost@evil.example",
    "http://localhost:80@evil.example",
    "http://[::1]@evil.example",
    "http://localhost#@evil.example",
    "http://localhost.evil.example",
    "http://localhost/",
    "http://localhost http://evil.example",
    "http://localhost,http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://[::1",
    "http://[::1]evil.example",
    "http://localhost\\@evil.example",
    "file://localhost",
    "ftp://localhost",
    "//localhost",
    "localhost",
)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def ask(hub: Served, head: str) -> bytes:
    """Send the head of a request as it stands, which no client would, and return the answer."""
    port = urlsplit(hub.base_url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"Connection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def open_socket(app: Any, path: str, *headers: tuple[str, str]) -> list[Message]:
    """Ask to become a WebSocket and return what the server is told."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 3100),
        "extensions": {"websocket.http.response": {}},
    }
    await app(scope, receive, send)
    return told


def denied(told: list[Message]) -> bool:
    return [told[0]["type"], told[0].get("status")] == ["websocket.http.response.start", 403]


@pytest.mark.parametrize("origin", NOT_OURS)
async def test_case_e8_an_origin_is_read_strictly(hub: Served, ann: Caller, origin: str) -> None:
    head = f"GET /api/v1/tools HTTP/1.1\nHost: localhost\nAuthorization: Bearer {ann.token}\n"

    assert status_of(await ask(hub, f"{head}Origin: http://localhost:5173\n")) == 200
    assert status_of(await ask(hub, f"{head}Origin: {origin}\n")) == 403
    assert denied(
        await open_socket(hub.running.app, "/demo/live", ("Host", "localhost"), ("Origin", origin))
    )


@pytest.mark.parametrize(
    "host",
    [
        "[::1]@evil.example",
        "localhost@evil.example",
        "localhost:80@evil.example",
        "localhost:x",
        "[::1",
        "[::1]evil.example",
        "localhost/",
        "localhost evil.example",
        "localhost,evil.example",
        "local_host.evil.example",
        "",
    ],
)
async def test_case_e8_a_host_is_read_strictly(hub: Served, ann: Caller, host: str) -> None:
    head = f"GET /api/v1/tools HTTP/1.1\nAuthorization: Bearer {ann.token}\nHost: {host}\n"

    assert status_of(await ask(hub, head)) in (400, 403)
    assert denied(await open_socket(hub.running.app, "/demo/live", ("Host", host)))


@pytest.mark.parametrize("path", ["/api/v1/tools", "/mcp", "/webhooks/ann/sms", "/demo/handsets"])
@pytest.mark.parametrize(
    "more",
    [
        "Host: evil.example\nHost: localhost\n",
        "Host: localhost\nHost: evil.example\n",
        "Host: localhost\nHost: localhost\n",
        "Host: localhost\nOrigin: http://localhost\nOrigin: https://evil.example\n",
        "Host: localhost\nOrigin: https://evil.example\nOrigin: http://localhost\n",
    ],
)
async def test_case_e8_of_two_hosts_or_origins_none_counts(
    hub: Served, path: str, more: str
) -> None:
    given = [line.split(": ") for line in more.splitlines()]

    assert status_of(await ask(hub, f"GET {path} HTTP/1.1\n{more}")) in (400, 403)
    assert denied(await open_socket(hub.running.app, path, *((name, to) for name, to in given)))


async def test_case_e8_a_websocket_of_a_page_of_the_hubs_own_passes_the_guard() -> None:
    passed: list[Mapping[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    guard = Guard(app, public_url=PUBLIC, hosts=(), origins=())
    for origin in (PUBLIC, "http://127.0.0.1:3100", "http://[::1]"):
        await open_socket(guard, "/live", ("Host", "hub.example"), ("Origin", origin))
    await open_socket(guard, "/live", ("Host", "hub.example"))  # no browser

    assert [scope["scheme"] for scope in passed] == ["wss"] * 4


async def test_case_e8_a_websocket_for_this_machine_is_for_no_tunnel() -> None:
    told = await open_socket(LoopbackOnly(Starlette()), "/live", ("Host", "hub.example"))

    assert told[0]["status"] == 404


async def test_case_e8_a_server_that_knows_no_denial_is_told_to_close() -> None:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    scope = {"type": "websocket", "path": "/live", "headers": [(b"host", b"evil.example")]}
    guard = Guard(Starlette(), public_url=PUBLIC, hosts=(), origins=())
    await guard(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]

    assert told == [{"type": "websocket.close", "code": 1008}]


# --- behind TLS -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/mcp/", "/api/v1/tools/", "/openapi.json/", "/health/"])
async def test_case_e7_a_slash_too_many_leads_nowhere(hub: Served, path: str) -> None:
    for method in ("GET", "POST"):
        response = await hub.client.request(method, path, headers={"Host": "hub.example"})
        assert refused(response, 404, "not_found")


async def test_case_e7_a_site_without_its_slash_leads_on_by_the_scheme_it_was_asked_by(
    hub: Served,
) -> None:
    response = await hub.client.get("/demo")

    assert (response.status_code, response.headers["location"]) == (307, "/demo/")


async def test_case_e7_what_a_site_makes_of_a_request_begins_with_the_public_url() -> None:
    async def here(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.url_for("here")))

    site = Starlette(routes=[Route("/inner/", here, name="here")])
    guard = Guard(
        Starlette(routes=[Mount("/p/site", app=site)]), public_url=PUBLIC, hosts=(), origins=()
    )
    transport = httpx2.ASGITransport(app=guard)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as proxied:
        redirected = await proxied.get("/p/site/inner")
        named = await proxied.get("/p/site/inner/")
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as local:
        at_home = await local.get("/p/site/inner")

    assert redirected.headers["location"] == f"{PUBLIC}/p/site/inner/"
    assert named.text == f"{PUBLIC}/p/site/inner/"
    assert at_home.headers["location"] == "http://localhost/p/site/inner/"
