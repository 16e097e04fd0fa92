"""Pages that are for some only, names the hub answers to, and web pages that may call it."""

import httpx2
import pytest
from openapi_spec_validator import validate

from tests.flows.houses import House, refused
from tests.flows.hubs import ANN, DEMO, HERE, StartHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

# --- pages for some -------------------------------------------------------------------------------


async def test_metrics_are_for_admins(house: House) -> None:
    assert refused(await house.ann.get("/metrics"), 403, "forbidden")
    assert b"comms_actions_total" in (await house.admin.get("/metrics")).content


async def test_the_api_description_is_valid_openapi_of_what_the_token_may_do(house: House) -> None:
    document = (await house.ann.get("/openapi.json")).json()

    validate(document)
    tools = {tool["name"] for tool in (await house.ann.get("/api/v1/tools")).json()["tools"]}
    assert set(document["paths"]) >= {f"/api/v1/tools/{name}" for name in tools}


async def test_readiness_is_open_and_its_details_are_for_admins(house: House) -> None:
    anybody = (await house.hub.client.get("/health/ready")).json()
    agents = (await house.ann.get("/health/ready")).json()
    admins = (await house.admin.get("/health/ready")).json()

    assert anybody == agents == {"status": "ready"}
    assert admins == {"status": "ready", "providers": {**HERE, "demo": "ok"}}


async def test_health_is_open(house: House) -> None:
    health = (await house.hub.client.get("/health")).json()

    assert health.keys() == {"status", "uptime", "version"}
    assert health["status"] == "ok"


# --- hosts and origins ----------------------------------------------------------------------------

GUARDED = ["/api/v1/tools", "/mcp", "/webhooks/ann/sms", "/demo/handsets", "/openapi.json"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost."])
async def test_a_name_that_is_not_the_hubs_is_refused(house: House, host: str) -> None:
    for path in GUARDED:
        response = await house.hub.client.get(path, headers={"Host": host})
        assert refused(response, 403, "forbidden"), path


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[x", "file://", ""])
async def test_a_foreign_web_page_is_refused(house: House, origin: str) -> None:
    for path in GUARDED:
        response = await house.hub.client.get(path, headers={"Origin": origin})
        assert refused(response, 403, "forbidden"), path


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:3100"])
async def test_the_names_of_this_machine_are_answered(house: House, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host.lower()}"}

    assert (await house.hub.client.get("/demo/handsets", headers=headers)).status_code == 200


async def test_health_is_answered_under_any_name(house: House) -> None:
    response = await house.hub.client.get("/health", headers={"Host": "10.0.0.7"})

    assert response.status_code == 200


async def test_further_hosts_and_origins_are_answered_if_allowed(start_hub: StartHub) -> None:
    allowed = 'allowed_hosts = ["hub.lan"]\nallowed_origins = ["https://app.example"]\n[slots]'
    headers = {"Host": "hub.lan:3100", "Origin": "https://app.example"}
    async with start_hub(toml=DEMO.replace("[slots]", allowed)) as hub:
        ann = await hub.agent("ann", ANN)
        response = await ann.post("comms_get_messages", {}, headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("address", "host"), [("203.0.113.9", "localhost"), ("127.0.0.1", "public.example")]
)
async def test_handsets_are_for_this_machine_only(
    start_hub: StartHub, address: str, host: str
) -> None:
    toml = DEMO.replace("demo = true", 'demo = true\npublic_url = "https://public.example"')
    async with start_hub(toml=toml) as hub:
        far = httpx2.ASGITransport(app=hub.running.app, client=(address, 4711))
        async with httpx2.AsyncClient(transport=far, base_url=f"http://{host}") as client:
            response = await client.get("/demo/handsets")

    assert refused(response, 404, "not_found")


async def test_without_demo_mode_there_are_no_handsets(start_hub: StartHub) -> None:
    async with start_hub(toml=DEMO.replace("demo = true", "demo = false")) as hub:
        response = await hub.client.get("/demo/handsets")

    assert refused(response, 404, "not_found")
