"""What is said of a mistake says what to do about it."""

import json
from typing import Any

import pytest

from tests.flows.houses import House
from tests.flows.hubs import ANN, HANDSET

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY_RULE = "idempotencyKey: give 1 to 255 printable ASCII characters."


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("comms_send_message", {"to": None, "toAgentId": "nobody"}, "toAgentId: no such agent."),
        ("comms_send_message", {"idempotencyKey": "ä"}, KEY_RULE),
        ("comms_send_message", {"sendAt": "2999-01-01T00:00:00Z"}, "Give a time before that."),
        ("comms_send_message", {"boddy": "x"}, "unknown field 'boddy'"),
        ("comms_send_message", {"call me at +14155550100": "x"}, "there is an unknown field."),
        (
            "comms_send_message",
            {"choices": [{"label": "Yes"}, {"label": "No", "extra": "1"}]},
            "choices.1: there is unknown field 'extra'. Known are: label, id.",
        ),
        (
            "comms_send_batch",
            {"messages": [{"channel": "sms", "to": HANDSET, "body": "hello", "x": 1}]},
            "there is unknown field 'x'. Known are: channel, body, to",
        ),
        (
            "comms_send_message",
            {"choices": [{"label": "Yes", "id": "a b"}]},
            "choices.0.id: give 1 to 64 printable ASCII characters without blanks.",
        ),
        ("comms_send_message", {"templateVars": "x"}, "give an object of names and values."),
        ("comms_send_message", {"templateVars": {"a b": "x"}}, "letters, digits and underscores."),
        ("comms_get_messages", {"contactNumber": "Stranger"}, "name or short code that has"),
        ("comms_wait_for_reply", {"from": "Stranger"}, "name or short code that has written"),
    ],
)
async def test_a_mistake_is_told_with_what_to_do(
    house: House, tool: str, arguments: dict[str, Any], said: str
) -> None:
    if tool == "comms_send_message":
        arguments = {"channel": "sms", "to": HANDSET, "body": "hello", **arguments}
    response = await house.ann.post(tool, arguments)

    assert said in response.text
    assert "4155550100" not in response.text


async def test_what_came_in_cannot_be_canceled_and_that_is_said(house: House) -> None:
    await house.hub.client.post(f"/demo/handsets/{HANDSET}/reply", json={"body": "hi", "to": ANN})
    message_id = (await house.ann.inbox())[0]["id"]
    response = await house.ann.post("comms_cancel", {"id": message_id})

    assert response.status_code == 409
    assert (
        "only outbound messages that are queued or held can be canceled"
        in response.json()["detail"]
    )


@pytest.mark.parametrize("field", ["body", "to", "subject", "idempotencyKey", "replyTo"])
async def test_half_a_surrogate_pair_is_named(house: House, field: str) -> None:
    given = {"channel": "email", "to": "bob@people.example", "body": "hello", field: "HALF"}
    response = await house.ann.client.post(
        "/api/v1/tools/comms_send_message",
        content=json.dumps(given).replace("HALF", "\\ud83d"),
        headers={
            "Authorization": f"Bearer {house.ann.token}",
            "content-type": "application/json",
        },
    )

    assert response.json()["detail"] == (
        f"{field}: give whole characters: half of a surrogate pair is none."
    )
