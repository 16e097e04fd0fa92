"""Who may do what: tokens, agents, admins, hosts and web origins."""

import time

import pytest

from tests.flows.houses import House, refused
from tests.flows.hubs import HANDSET, Caller, StartHub
from trunkline.surfaces.administration import LOCAL_OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ["/api/v1/tools", "/api/v1/messages", "/api/v1/messages/x", "/openapi.json", "/metrics"]


# --- tokens ---------------------------------------------------------------------------------------


def _garbled(token: str) -> dict[str, str]:
    kid = token.split("_")[2]
    return {
        "nothing": "",
        "no scheme": token,
        "another scheme": f"Basic {token}",
        "nothing after it": "Bearer",
        "cut off": f"Bearer {token[:-1]}",
        "longer": f"Bearer {token}0",
        "another secret": f"Bearer tl_agent_{kid}_{'0' * 64}",
        "another kid": f"Bearer {token.replace(kid, '0' * 12)}",
        "another scope": f"Bearer {token.replace('agent', 'admin')}",
        "not ASCII": "Bearer \xe9",
    }


@pytest.mark.parametrize("garbled", _garbled("tl_agent_0_0"))
async def test_without_a_valid_token_nothing_is_answered(house: House, garbled: str) -> None:
    given = (b"authorization", _garbled(house.ann.token)[garbled].encode("latin-1"))
    for path in [*PATHS, "/mcp"]:
        response = await house.hub.client.get(path, headers=[given])
        assert refused(response, 401, "unauthenticated"), path
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "securityToken", "api_key", "Token", "ACCESS-TOKEN", "apiKey", "x"],
)
async def test_a_token_in_the_query_is_refused_even_beside_a_valid_one(
    house: House, name: str
) -> None:
    for path in PATHS:
        response = await house.ann.get(f"{path}?{name}={house.ann.token}")
        assert refused(response, 401, "unauthenticated"), path
        assert "token in the URL is refused" in response.json()["detail"]
        assert "tokens rotate" in response.json()["detail"]


@pytest.mark.parametrize("by", ["_", "t", "agent", "%"])
async def test_case_e1_a_token_in_the_url_is_refused_wherever_and_however_it_stands(
    house: House, by: str
) -> None:
    token = house.ann.token.replace("_", "%5F")
    if by != "%":
        encoded = "".join(f"%{ord(char):02x}" for char in by)
        token = house.ann.token.replace(by, encoded, 1)
    else:
        token = token.replace("%", "%25")
    for path in (*PATHS, "/mcp", "/health"):
        for url in (f"{path}?x={token}", f"{path}/{token}", f"{path}?{token}", f"/{token}{path}"):
            response = await house.ann.get(url)
            assert refused(response, 401, "unauthenticated"), url
            assert "tokens rotate" in response.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_parameter_that_is_called_token_is_refused_in_whatever_code(
    house: House, path: str
) -> None:
    assert refused(await house.ann.get(f"{path}?%74oken=x"), 401, "unauthenticated")


@pytest.mark.parametrize(
    "path", ["/api/v1/messages", "/api/v1/messages/msg_0", "/api/v1/nowhere", "/mcp"]
)
async def test_nobody_keeps_what_the_hub_answers(house: House, path: str) -> None:
    response = await house.ann.get(path)

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_case_e4_a_query_of_many_fields_costs_a_stranger_more_than_the_hub(
    house: House,
) -> None:
    query = "a&" * 30_000
    began = time.process_time()
    for path in PATHS:
        assert (await house.hub.client.get(f"{path}?{query}")).status_code == 401

    assert time.process_time() - began < 0.3 * len(PATHS)


async def test_a_revoked_token_ends_at_once(house: House) -> None:
    caller = await house.hub.agent("leaver")
    assert await caller.inbox() == []
    await house.hub.local("tokens_revoke", target=caller.token.split("_")[2])

    assert refused(await caller.post("comms_get_messages", {}), 401, "unauthenticated")


async def test_rotating_ends_the_old_token_and_gives_a_new_one(house: House) -> None:
    old = await house.hub.agent("rotor")
    new = house.hub.caller((await house.hub.local("tokens_rotate", id="rotor"))["token"])

    assert refused(await old.post("comms_get_messages", {}), 401, "unauthenticated")
    assert await new.inbox() == []


async def test_a_refused_token_is_counted_and_a_probe_without_one_is_not(house: House) -> None:
    async def count() -> str:
        metrics = (await house.admin.get("/metrics")).text
        lines = [line for line in metrics.splitlines() if 'type="unauthenticated"' in line]
        return lines[0] if lines else "0"

    before = await count()
    await house.hub.client.get("/health/ready")
    assert await count() == before
    await house.hub.client.get("/api/v1/tools")
    assert await count() != before


# --- agents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [("agentId", "ben"), ("agentId", "nobody"), ("securityToken", "tl_agent_0_0")],
)
async def test_an_agent_cannot_act_as_another(house: House, field: str, value: str) -> None:
    response = await house.ann.post("comms_get_messages", {field: value})

    assert refused(response, 403, "agent_mismatch")
    assert response.json()["field"] == field


async def test_another_agents_token_beside_ones_own_is_a_mismatch(house: House) -> None:
    response = await house.ann.try_send(HANDSET, "as ben", securityToken=house.ben.token)

    assert refused(response, 403, "agent_mismatch")
    assert house.ben.token not in response.text


async def test_an_agent_may_name_itself(house: House) -> None:
    answer = await house.ann.call(
        "comms_get_channel_status", agentId="ann", securityToken=house.ann.token
    )

    assert answer["agentId"] == "ann"


async def test_what_belongs_to_another_agent_is_as_good_as_not_there(house: House) -> None:
    sent = await house.ann.send(HANDSET, "mine")
    missing = f"msg_{'0' * 32}"
    answers = [
        [
            (await house.ben.get(f"/api/v1/messages/{id_}")).json(),
            (await house.ben.post("comms_get_status", {"id": id_})).json(),
        ]
        for id_ in (sent["messageId"], missing)
    ]

    assert answers[0] == answers[1]
    assert [answer["code"] for answer in answers[0]] == ["not_found", "not_found"]


async def test_a_suspended_agent_reads_but_does_not_send(house: House) -> None:
    await house.hub.local("agents_suspend", id="ben")
    response = await house.ben.try_send(HANDSET, "hello")
    status = await house.ben.call("comms_get_channel_status")
    await house.hub.local("agents_resume", id="ben")

    assert refused(response, 403, "forbidden")
    assert status["channels"]["phone"]["status"] == "suspended"


async def test_a_resumed_agent_sends_again(house: House) -> None:
    await house.hub.local("agents_suspend", id="ben")
    await house.hub.local("agents_resume", id="ben")

    assert (await house.ben.send(HANDSET, "hello"))["status"] == "sent"


# --- admins ---------------------------------------------------------------------------------------


async def test_an_admin_says_for_which_agent_it_acts(house: House) -> None:
    response = await house.admin.post("comms_get_channel_status", {})

    assert refused(response, 422, "invalid")
    assert response.json()["field"] == "agentId"


async def test_an_admin_acts_as_the_agent_it_names(house: House) -> None:
    sent = await house.admin.send(HANDSET, "from above", agentId="ann")

    assert (await house.ann.status(sent["messageId"]))["id"] == sent["messageId"]


async def test_an_admin_cannot_act_as_an_agent_that_does_not_exist(house: House) -> None:
    response = await house.admin.try_send(HANDSET, "hello", agentId="nobody")

    assert refused(response, 404, "not_found")


@pytest.mark.parametrize("who", ["ann", "admin"])
async def test_the_operators_operations_do_not_exist_on_the_network(house: House, who: str) -> None:
    caller: Caller = getattr(house, who)
    told = (await caller.get("/api/v1/tools")).text + (await caller.get("/openapi.json")).text
    for name in [operation.name for operation in LOCAL_OPERATIONS]:
        assert refused(await caller.post(name, {}), 404, "not_found"), name
        assert f'"{name}"' not in told


async def test_the_admin_token_of_the_environment_is_taken(start_hub: StartHub) -> None:
    token = "an-admin-token-of-at-least-32-characters"
    async with start_hub(environ={"ADMIN_TOKEN": token}) as hub:
        accepted = await hub.caller(token).get("/metrics")
        other = await hub.caller(f"{token}x").get("/metrics")

    assert (accepted.status_code, other.status_code) == (200, 401)
