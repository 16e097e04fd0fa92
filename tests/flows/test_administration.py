"""The operator's operations on a running hub, and what a hub says of its own failures."""

import httpx2
import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, HANDSET, Served, StartHub
from tests.flows.networks import WIRE, Network
from tests.flows.pairs import side_by_side
from trunkline.surfaces.http import as_problem, problem_object

pytestmark = pytest.mark.both(slow=True)


async def test_an_agent_without_a_free_slot_is_refused_until_the_pool_grows(
    served: Served,
) -> None:
    for number in range(5):
        await served.local("agents_create", id=f"agent-{number}")

    refused = await served.operator.post("/api/v1/tools/agents_create", json={"id": "one-more"})
    await served.local("pool_grow", size=6)
    created = await served.local("agents_create", id="one-more")

    assert refused.status_code == 409
    assert refused.json()["code"] == "pool_exhausted"
    assert created["agentId"] == "one-more"


async def test_a_number_belongs_to_one_agent(served: Served) -> None:
    await served.local("agents_create", id="one", values={"phone": "+12025550101"})

    refused = await served.operator.post(
        "/api/v1/tools/agents_create", json={"id": "two", "values": {"phone": "+12025550101"}}
    )

    assert refused.json()["code"] == "invalid"
    assert "+1202" not in refused.text
    assert (await served.local("pool_show"))["used"] == 1


def test_a_defect_is_told_without_anything_of_its_cause(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = as_problem(RuntimeError("text to +14155550123"), served.running.hub)

    assert problem_object(problem)["code"] == "internal"
    assert problem.status == 500
    assert "+1415" not in problem.detail + capsys.readouterr().err


async def test_a_web_page_may_call_if_the_operator_says_so(start_hub: StartHub) -> None:
    toml = """
[server]
allowed_origins = ["https://console.example.com"]
"""
    async with start_hub(toml=toml) as hub, httpx2.AsyncClient(base_url=hub.base_url) as browser:
        statuses = [
            (await browser.get("/api/v1/tools", headers={"Origin": origin})).status_code
            for origin in ("https://console.example.com", "https://elsewhere.example.com")
        ]

    assert statuses == [401, 403]


async def test_a_setting_that_a_provider_lacks_is_named_when_the_hub_starts(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str]
) -> None:
    toml = '[slots]\ntelephony = "example"\n[providers.example]\napi_key = "secret-key"\n'
    async with start_hub(toml=toml):
        logged = capfd.readouterr().err

    assert "connection.not_usable" in logged
    assert "signing_secret" in logged
    assert "secret-key" not in logged


async def test_what_an_adapter_warns_of_is_said_at_every_start(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str]
) -> None:
    plugins = side_by_side(Network(), names="wire", warning="It may cost you the number.")
    for _ in range(2):
        async with start_hub(plugins=plugins, toml=WIRE):
            logged = capfd.readouterr().err
        assert "connection.warning" in logged
        assert "It may cost you the number." in logged


async def test_an_agent_gets_no_connection_that_is_not_configured(served: Served) -> None:
    values = {"telephony": "nope"}
    refusal = await served.operator.post(
        "/api/v1/tools/agents_create", json={"id": "ann", "values": values}
    )

    assert refused(refusal, 422, "invalid")
    assert "there are: demo." in refusal.json()["detail"]


async def test_a_send_over_a_connection_that_is_gone_says_what_to_configure(
    served: Served,
) -> None:
    ann = await served.agent("ann", ANN)
    await served.local("agents_set", id="ann", values={"telephony": "demo"})
    await served.change("UPDATE agent_connections SET connection = 'twilio'")
    refusal = await ann.try_send(HANDSET, "hello")

    assert refused(refusal, 424, "not_configured")
    assert "give [providers.twilio] in trunkline.toml the name" in refusal.json()["detail"]
