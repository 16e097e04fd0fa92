"""Ids that no database can hold, in every place where a stranger may write one."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest

from tests.flows.houses import House
from tests.flows.hubs import ANN, HANDSET
from tests.flows.networks import Vendor
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import AGENT_OPERATIONS
from trunkline.surfaces.webhooks.door import MOST_BYTES, MOST_FORM_BYTES
from trunkline_demo.webhooks import Inbound

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both(slow=True)]

STRANGE = {
    "NUL": "a\0b",
    "an id with NUL": "msg_" + "0" * 31 + "\0",
    "long": "a" * 5_000,
    "a long id": "msg_" + "0" * 5_000,
    "beyond the first plane": "\U0001f600" * 100,
    "surrogate": "\ud800",
    "mark": "\u202e\ufeff",
    "line break": "msg_" + "0" * 32 + "\n",
    "SQL": "' OR 1=1 --",
}
OPERATIONS = [each for each in (*AGENT_OPERATIONS, *LOCAL_OPERATIONS) if not each.waits]


def in_url(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("strange", STRANGE)
async def test_case_e6_a_strange_id_in_a_path_or_query_is_no_failure_of_the_hub(
    house: House, strange: str
) -> None:
    given = in_url(STRANGE[strange])
    bad = quote_from_bytes(b"\xff\xfe\x80")
    for caller in (house.ann, house.admin):
        for each in (given, bad):
            found = await caller.get(f"/api/v1/messages/{each}")
            assert (found.status_code, found.json()["code"]) == (404, "not_found")
            for query in (f"cursor={each}", f"agentId={each}", f"limit={each}"):
                page = await caller.get(f"/api/v1/messages?{query}")
                assert page.status_code in {403, 404, 422}, (query, page.text)
            assert (await caller.post(each, {})).status_code in {404, 405}
    for path in (f"/{given}", f"/{given}/sms", f"/connections/{given}", f"/ann/{given}"):
        response = await house.hub.client.post(f"/webhooks{path}", content=b"{}")
        assert response.status_code == 404, path
    assert (await house.hub.client.get(f"/health?probe={given}")).status_code == 200


@pytest.mark.parametrize("strange", STRANGE)
async def test_case_e6_a_strange_id_in_a_body_is_no_failure(house: House, strange: str) -> None:
    text = json.dumps(STRANGE[strange])
    for operation in OPERATIONS:
        for field in operation.input_schema()["properties"]:
            body = f'{{"{field}": {text}}}'.encode()
            for client, token in (
                (house.hub.client, house.ann.token),
                (house.hub.client, house.admin.token),
                (house.hub.operator, None),
            ):
                answer = await client.post(
                    f"/api/v1/tools/{operation.name}",
                    content=body,
                    headers={
                        "Content-Type": "application/json",
                        **({"Authorization": f"Bearer {token}"} if token else {}),
                    },
                )
                assert answer.status_code in {200, 403, 404, 409, 422}, (operation.name, field)


@pytest.mark.parametrize("strange", STRANGE)
async def test_case_e6_a_strange_attempt_in_a_callbacks_url_is_none(
    house: House, strange: str
) -> None:
    text = Inbound(id=f"e6-{strange}", sender=HANDSET, recipient=ANN, body="hello")
    path = f"/webhooks/ann/sms?attempt={in_url(STRANGE[strange])}"

    assert (await Vendor(house.hub).tell(path, text)).status_code == 204


@pytest.mark.parametrize("field", ["id", "from", "to", "body"])
async def test_case_e6_what_a_vendor_signed_is_kept_whatever_it_holds(
    house: House, field: str
) -> None:
    for number, strange in enumerate(("a\0b", "x" * 10_000)):
        told: dict[str, Any] = {"id": f"e6-{field}-{number}", "from": HANDSET, "to": ANN}
        body = json.dumps({**told, "body": "STOP", field: strange, "kind": "sms"}).encode()
        answer = await Vendor(house.hub).tell("/webhooks/connections/demo/sms", body)
        assert answer.status_code == 204, answer.text


# --- labels of metrics ----------------------------------------------------------------------------


async def test_case_e10_an_agent_that_is_nowhere_makes_no_series(house: House) -> None:
    told = []
    for number in range(20):
        told.append((await house.admin.get("/metrics")).text)
        name = f"made-up-{number}"
        for operation in AGENT_OPERATIONS:
            answer = await house.admin.post(operation.name, {"agentId": name})
            assert answer.status_code in {404, 422}, (operation.name, answer.text)
        await house.hub.client.post(f"/webhooks/{name}/sms", content=b"{}")
        await house.hub.client.post(f"/webhooks/connections/{name}", content=b"{}")
        await house.admin.post(name, {})
        async with house.admin.mcp() as client:
            with pytest.raises(Exception, match="Unknown tool"):
                await client.call_tool(name, {})

    assert "made-up" not in told[-1]
    assert told[2].count("\n") == told[-1].count("\n")  # agent "" has all of its series by then


async def test_case_e10_an_agent_that_is_there_is_counted_for_an_admin_too(house: House) -> None:
    await house.admin.call("comms_get_messages", agentId="ben")

    assert 'agent="ben"' in (await house.admin.get("/metrics")).text


# --- what a stranger may make the hub read --------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "most"),
    [(FORM, MOST_FORM_BYTES), (JSON, MOST_BYTES), ({}, MOST_BYTES)],
)
@pytest.mark.parametrize("path", ["/webhooks/ann/sms", "/webhooks/connections/demo"])
async def test_case_e4_an_anonymous_body_over_the_limit_is_refused_before_it_is_read(
    house: House, path: str, headers: dict[str, str], most: int
) -> None:
    async def undeclared() -> Any:
        for _ in range(most // 10_000 + 2):
            yield b"a" * 10_000

    client = house.hub.client
    declared = await client.post(f"{path}", content=b"a" * (most + 1), headers=headers)
    chunked = await client.post(f"{path}", content=undeclared(), headers=headers)
    within = await client.post(f"{path}", content=b"a" * most, headers=headers)

    assert [each.status_code for each in (declared, chunked, within)] == [413, 413, 403]
    assert declared.json()["code"] == "too_large"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain"])
async def test_case_e4_a_large_form_with_a_made_up_signature_costs_next_to_nothing(
    house: House, content_type: str
) -> None:
    headers = {"Content-Type": content_type, "X-Twilio-Signature": "a" * 28}
    forms = [b"a=" + b"%41" * 21_000, b"a=1&" * 16_000, b"%41=%42&" * 7_000, b"+" * 65_000]
    for form in [*forms, b"%41" * 340_000]:
        began = time.process_time()
        await asyncio.sleep(0)
        answer = await house.hub.client.post("/webhooks/ann/sms", content=form, headers=headers)
        assert answer.status_code in {403, 413}
        assert time.process_time() - began < 0.1
