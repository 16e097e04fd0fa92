"""
Who may do what: every operation of the catalogue and every route of the application, by each token.

What is asked is made of the catalogue and of the routes themselves. Whoever adds an operation says
in `LEAST` who may call it; a route that lets somebody in without a token, and is not in `OPEN`, is
found, and so is one with an id that nobody has said an example of.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import pytest_asyncio
from fastapi import FastAPI, Response
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from starlette.routing import Route

from tests.flows.houses import House, refused
from tests.flows.hubs import HANDSET, Caller, Served
from tests.flows.results import text_of
from trunkline.core.principal import Role, Scope
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS
from trunkline.surfaces.rest import examples

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both(slow=True)]

OPERATIONS: Final = (*AGENT_OPERATIONS, *ADMIN_OPERATIONS, *LOCAL_OPERATIONS)
LEAST: Final = {
    "comms_send_message": Role.OPERATOR,
    "comms_send_batch": Role.OPERATOR,
    "comms_send_voice_message": Role.OPERATOR,
    "comms_wait_for_reply": Role.VIEWER,
    "comms_get_messages": Role.VIEWER,
    "comms_get_status": Role.VIEWER,
    "comms_get_media": Role.VIEWER,
    "comms_cancel": Role.OPERATOR,
    "comms_get_channel_status": Role.VIEWER,
    "comms_list_templates": Role.VIEWER,
    "alerts_list": Role.VIEWER,
    "alerts_ack": Role.OPERATOR,
    "alerts_test": Role.OPERATOR,
    "approvals_list": Role.VIEWER,
    "approvals_show": Role.APPROVER,
    "approvals_decide": Role.APPROVER,
    "comms_provision_channels": Role.OPERATOR,
    "comms_deprovision_channels": Role.OPERATOR,
    "comms_set_agent_limits": Role.OPERATOR,
    "comms_register_provider": Role.ADMIN,
    "comms_get_usage_dashboard": Role.VIEWER,
    "comms_quote": Role.VIEWER,
    "comms_search_numbers": Role.VIEWER,
}
"""The role that an admin's token needs of each operation that is for tokens at all."""
OPEN: Final = {
    "/health",
    "/health/ready",
    "/media/{token}",  # whoever has the link has the file
    "/admin",
    "/admin/",
    "/admin/api-docs",
    "/admin/api-docs/api-docs.js",
    "/admin/api-docs/api-docs.css",
    "/admin/api-docs/swagger-ui-bundle.js",
    "/admin/api-docs/swagger-ui.css",
    "/",  # of a demo: a redirect
    "/demo",  # of a demo: callers on this machine
}
"""The paths that anybody may ask: they tell and do nothing of anybody's."""
REFERENCES: Final = {"id", "replyTo", "callSid", "messageId", "stagedId", "batchId", "callId"}
"""What arguments that name an object of an agent's are called."""
ROLES: Final = tuple(Role)
TOOLS: Final = "/api/v1/tools/"


@dataclass
class Tokens:
    """A caller with each kind of token, and objects of ann's."""

    house: House
    roles: dict[Role, Caller]
    reader: Caller
    useless: dict[str, str]
    paths: dict[str, str] = field(default_factory=dict)
    """An object of ann's for each parameter of a path."""
    ids: list[str] = field(default_factory=list)


def application_of(hub: Served) -> FastAPI:
    """Return the application within what guards it."""
    layers: list[Any] = [hub.running.app]
    while layers:
        layer = layers.pop()
        if isinstance(layer, FastAPI):
            return layer
        layers += [
            each for each in vars(layer).values() if callable(each) and hasattr(each, "__dict__")
        ]
    raise AssertionError("there is none")


def vars_of(layer: object) -> dict[str, Any]:
    """Return what an object holds, if it has a dictionary for that."""
    return getattr(layer, "__dict__", {})


def routes_of(hub: Served) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route of the application."""
    for route in application_of(hub).router.routes:
        if isinstance(route, Route) and route.path not in OPEN:
            for method in sorted((route.methods or {"POST"}) - {"HEAD", "OPTIONS"}):
                yield method, route.path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tokens(house: House) -> AsyncIterator[Tokens]:
    """Everybody who may come."""
    hub = house.hub

    async def issued(agent_id: str | None, **what: Any) -> Caller:
        return hub.caller((await hub.local("tokens_issue", id=agent_id, **what))["token"])

    revoked, expired = await issued("ann"), await issued("ann", days=1)
    await hub.local("tokens_revoke", target=revoked.token.split("_")[2])
    past = datetime(2026, 1, 1, tzinfo=UTC)
    written = past if "postgres" in hub.database else f"{past:%Y-%m-%dT%H:%M:%S.%f}Z"
    await hub.change(
        "UPDATE agent_tokens SET expires_at = :at WHERE kid = :kid",
        at=written,
        kid=expired.token.split("_")[2],
    )
    hub.running.hub.tokens._known.clear()
    message = (await house.ann.send(HANDSET, "mine"))["messageId"]
    text = {"channel": "sms", "to": HANDSET, "body": "mine too"}
    batch = (await house.ann.call("comms_send_batch", messages=[text]))["batchId"]
    stored = await hub.client.post(
        "/api/v1/media", content=b"mine", headers={"Authorization": f"Bearer {house.ann.token}"}
    )
    medium = stored.json()["id"]
    call = f"call_{1:032x}"
    await hub.change(
        "INSERT INTO calls (id, workspace_id, created_at, updated_at, agent_id, direction, "
        "connection, provider, from_address, to_address, status, over_by) VALUES (:id, 'default', "
        ":at, :at, 'ann', 'inbound', 'demo', 'demo', '+1', '+1', 'completed', :at)",
        id=call,
        at=written,
    )
    yield Tokens(
        house=house,
        roles={role: await issued(None, role=role.value) for role in ROLES},
        reader=await issued("ann", readOnly=True),
        useless={
            "none": "",
            "garbled": f"Bearer {house.ann.token[:-1]}x",
            "revoked": f"Bearer {revoked.token}",
            "expired": f"Bearer {expired.token}",
        },
        paths={"message_id": message, "call_id": call, "medium_id": medium, "name": "nothing"},
        ids=[message, batch, call, medium],
    )


# --- routes ---------------------------------------------------------------------------------------


async def let_in(hub: Served, authorization: str) -> list[str]:
    """Return the routes that answer a request with these credentials other than with 401."""
    found = []
    for method, path in routes_of(hub):
        url = path.replace("{", "").replace("}", "")
        headers = {"Authorization": authorization} if authorization else {}
        response = await hub.client.request(method, url, json={}, headers=headers)
        if response.status_code != 401 or response.json()["code"] != "unauthenticated":
            found.append(f"{method} {path}")
    return found


@pytest.mark.parametrize("kind", ["none", "garbled", "revoked", "expired"])
async def test_no_route_lets_anybody_in_without_a_good_token(tokens: Tokens, kind: str) -> None:
    assert await let_in(tokens.house.hub, tokens.useless[kind]) == []


async def test_a_route_without_a_guard_is_found(tokens: Tokens) -> None:
    application = application_of(tokens.house.hub)

    async def planted() -> Response:
        return Response("hello")

    application.add_api_route("/api/v1/planted", planted)
    try:
        assert await let_in(tokens.house.hub, "") == ["GET /api/v1/planted"]
    finally:
        application.router.routes.pop()


async def test_a_route_that_nobody_has_said_the_users_of_lets_nobody_in(tokens: Tokens) -> None:
    from trunkline.surfaces.rest.callers import Caller as Known

    async def planted(principal: Known) -> Response:
        return Response("hello")

    application = application_of(tokens.house.hub)
    application.add_api_route("/api/v1/planted", planted)
    try:
        response = await tokens.roles[Role.ADMIN].get("/api/v1/planted")
    finally:
        application.router.routes.pop()

    assert refused(response, 403, "forbidden")


async def test_what_a_path_names_is_its_agents_alone(tokens: Tokens) -> None:
    wrong, seen = [], 0
    for method, path in routes_of(tokens.house.hub):
        if "{" not in path or method != "GET":
            continue
        name = path.partition("{")[2].partition("}")[0]
        url = path.replace(f"{{{name}}}", tokens.paths[name])  # of a new one say an example
        seen += 1
        ben, ann = await tokens.house.ben.get(url), await tokens.house.ann.get(url)
        if not refused(ben, 404, "not_found") or ann.status_code != 200:
            wrong.append((path, ben.status_code, ann.status_code))

    assert (wrong, seen >= 4) == ([], True)


async def test_what_is_for_admins_is_not_for_agents(tokens: Tokens) -> None:
    response = await tokens.house.ann.get("/metrics")
    looked = [(await each.get("/metrics")).status_code for each in tokens.roles.values()]

    assert refused(response, 403, "forbidden")
    assert looked == [200] * len(ROLES)


# --- operations -----------------------------------------------------------------------------------


async def test_it_is_said_of_each_operation_who_may_call_it(tokens: Tokens) -> None:
    called = {path for _, path in routes_of(tokens.house.hub) if path.startswith(TOOLS)}
    for_tokens = {each.name for each in OPERATIONS if each.scope is not Scope.LOCAL}

    assert for_tokens <= LEAST.keys(), "say in LEAST which role it needs"
    assert called == {f"{TOOLS}{name}" for name in (*(each.name for each in OPERATIONS), "{name}")}


@pytest.mark.parametrize("kind", ["none", "garbled", "revoked", "expired"])
async def test_no_operation_is_done_for_a_token_that_is_not_good(tokens: Tokens, kind: str) -> None:
    headers = {"Authorization": tokens.useless[kind]} if tokens.useless[kind] else {}
    for operation in OPERATIONS:
        response = await tokens.house.hub.client.post(
            f"/api/v1/tools/{operation.name}", json={}, headers=headers
        )
        assert refused(response, 401, "unauthenticated"), operation.name


async def test_an_agent_acts_as_nobody_else_in_any_operation(tokens: Tokens) -> None:
    for operation in OPERATIONS:
        if operation.scope is Scope.AGENT:
            given = {**examples.ARGUMENTS.get(operation.name, {}), "agentId": "ann"}
            response = await tokens.house.ben.post(operation.name, given)
            assert refused(response, 403, "agent_mismatch"), operation.name


async def test_what_an_operation_names_is_its_agents_alone(tokens: Tokens) -> None:
    asked = 0
    for operation in OPERATIONS:
        if operation.scope is not Scope.AGENT:
            continue
        for name in operation.input_schema()["properties"].keys() & REFERENCES:
            for id_ in tokens.ids:
                given = {**examples.ARGUMENTS.get(operation.name, {}), name: id_}
                response = await tokens.house.ben.post(operation.name, given)
                absent = refused(response, 404, "not_found")
                no_answer = name == "replyTo" and refused(response, 422, "invalid")
                assert absent or no_answer, (operation.name, name, response.text)
                asked += 1

    assert asked >= 12


async def test_an_agents_token_finds_nothing_that_is_an_operators(tokens: Tokens) -> None:
    for operation in OPERATIONS:
        if operation.scope is not Scope.AGENT:
            response = await tokens.house.ann.post(operation.name, {})
            assert refused(response, 404, "not_found"), operation.name


async def test_no_token_finds_what_is_for_the_command_line(tokens: Tokens) -> None:
    for operation in OPERATIONS:
        if operation.scope is Scope.LOCAL:
            for role, caller in tokens.roles.items():
                response = await caller.post(operation.name, {})
                assert refused(response, 404, "not_found"), (operation.name, role)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_what_it_is_for(tokens: Tokens, role: Role) -> None:
    caller, may = tokens.roles[role], set()
    for operation in OPERATIONS:
        if operation.scope is Scope.LOCAL:
            continue
        # An agent that is not there: whoever may call it is told so, and nothing is done.
        response = await caller.post(operation.name, {"agentId": "nobody", "nothing": 1})
        if refused(response, 403, "forbidden"):
            assert "role" in response.json()["detail"]
        else:
            assert response.status_code in (404, 422), (operation.name, response.text)
            may.add(operation.name)
    listed = {each["name"] for each in (await caller.get("/api/v1/tools")).json()["tools"]}
    described = (await caller.get("/openapi.json")).json()["paths"]

    wanted = {
        each.name
        for each in OPERATIONS
        if each.scope is not Scope.LOCAL and role.reaches(LEAST[each.name])
    }
    assert may == listed == wanted
    assert {path for path in described if path.startswith("/api/v1/tools/")} == {
        f"/api/v1/tools/{name}" for name in wanted
    }


async def test_a_token_that_only_reads_calls_nothing_that_does_more(tokens: Tokens) -> None:
    for operation in OPERATIONS:
        if operation.scope is Scope.AGENT:
            response = await tokens.reader.post(operation.name, {"nothing": 1})
            expected = 422 if operation.annotations.read_only else 403
            assert response.status_code == expected, operation.name


async def said(client: Client, name: str) -> str:
    """Return what a client is told that calls a tool without arguments."""
    try:
        return text_of(await client.call_tool(name, {}))
    except MCPError as error:
        return error.error.message


async def test_over_mcp_each_token_may_call_the_same(tokens: Tokens) -> None:
    callers = [tokens.house.ann, tokens.reader, *tokens.roles.values()]
    for caller in callers:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(caller.mcp())
            shown = {tool.name for tool in (await client.list_tools()).tools}
            listed = {each["name"] for each in (await caller.get("/api/v1/tools")).json()["tools"]}
            assert shown == listed
            for operation in OPERATIONS:
                if operation.name in {*shown, "comms_get_usage_dashboard"}:  # called, not listed
                    continue
                told = await said(client, operation.name)
                of_agent = caller.token.startswith("tl_agent_")
                hidden = operation.scope is Scope.LOCAL or (
                    of_agent and operation.scope is not Scope.AGENT
                )
                assert told.startswith("Unknown tool" if hidden else "forbidden: "), told
