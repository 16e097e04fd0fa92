"""An agent sends a text: what it is told, and what becomes of the message."""

import pytest

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, WIRE, Network, Vendor
from trunkline.loading import Plugins, load_plugins

pytestmark = pytest.mark.both(slow=True)


@pytest.mark.both
async def test_a_send_is_answered_with_what_the_provider_took(ann: Caller) -> None:
    answer = await ann.send(HANDSET, "hello")

    assert answer.pop("messageId").startswith("msg_")
    assert answer.pop("timestamp").endswith("Z")
    assert answer == {
        "channel": "sms",
        "status": "sent",
        "cost": 0.0079,
        "currency": "USD",
        "costFinal": False,
        "segments": 1,
        "provider": "demo",
        "rateLimitRemaining": None,
        "replayed": False,
        "retryOwner": "none",
    }


async def test_the_text_arrives_exactly_as_it_was_written(served: Served, ann: Caller) -> None:
    body = ' Zoë, "€5"\n\ttomorrow? 👩‍👩‍👧 \u200f<b>&amp; '
    await ann.send(HANDSET, body)

    assert await Vendor(served).handset(HANDSET) == [body]


@pytest.mark.both
async def test_only_the_networks_signed_report_makes_it_delivered(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "hello")
    traced = await served.until_status(ann, sent["messageId"], "delivered")

    steps = [
        (step["status"], step["evidence"]["source"], step["moved"]) for step in traced["history"]
    ]
    assert sent["status"] == "sent"
    assert steps == [
        ("sending", "send", True),
        ("sent", "send", True),
        ("delivered", "callback", True),
    ]


async def test_the_evidence_of_a_delivery_names_the_stored_callback(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "hello")
    traced = await served.until_status(ann, sent["messageId"], "delivered")

    event_id = traced["history"][-1]["evidence"]["eventId"]
    (event,) = served.rows("SELECT kind, message_id FROM inbound_events WHERE id = ?", event_id)
    assert event == {"kind": "message-status", "message_id": sent["messageId"]}


async def test_a_cost_is_final_once_the_report_names_it(served: Served, ann: Caller) -> None:
    sent = await ann.send(HANDSET, "x" * 161)
    traced = await served.until_status(ann, sent["messageId"], "delivered")

    assert (sent["cost"], sent["costFinal"]) == (0.0158, False)
    assert (traced["cost"], traced["currency"], traced["costFinal"]) == (0.0158, "USD", True)


@pytest.mark.parametrize(
    ("body", "segments"),
    [("x" * 1600, 11), ("ж" * 71, 2)],
)
async def test_the_answer_tells_how_many_segments_a_text_takes(
    ann: Caller, body: str, segments: int
) -> None:
    assert (await ann.send(HANDSET, body))["segments"] == segments


@pytest.mark.parametrize("to", [{"toAgentId": "ben"}, {"to": "ben"}, {"to": BEN}])
async def test_agents_of_one_hub_write_to_each_other(
    served: Served, ann: Caller, ben: Caller, to: dict[str, str]
) -> None:
    await ann.call("comms_send_message", channel="sms", body="hello ben", **to)
    (received,) = await served.until(ben.inbox, lambda messages: len(messages) == 1)

    assert (received["from"], received["to"], received["body"]) == (ANN, BEN, "hello ben")
    assert (received["direction"], received["status"]) == ("inbound", "received")


@pytest.mark.parametrize("to", ["(202) 555-0150", "2025550150", " +1 202-555-0150 "])
async def test_a_number_may_be_written_as_it_is_dialled_in_the_agents_country(
    ann: Caller, to: str
) -> None:
    await ann.send(to, "hello")

    assert [message["to"] for message in await ann.inbox()] == [HANDSET]


async def test_national_numbers_are_read_in_the_country_the_operator_set(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"country": "GB"})
        await ann.send("020 7183 8750", "hello")

    assert [sms.recipient for sms in network.asked] == ["+442071838750"]


async def test_the_provider_is_asked_with_the_key_and_the_callback_of_this_very_attempt(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send("+14155550123", "hello")
        (attempt,) = hub.rows("SELECT id, state, number FROM message_attempts")

    (sms,) = network.asked
    assert sms.idempotency_key == sent["messageId"]
    assert sms.status_url == f"{hub.base_url}/webhooks/ann/message-status?attempt={attempt['id']}"
    assert (attempt["state"], attempt["number"]) == ("sent", 1)


async def test_a_number_of_the_simulated_network_never_reaches_a_real_one(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        refused = await ann.try_send(HANDSET, "hello")
        rows = hub.count("messages")

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert (network.asked, rows) == ([], 0)


async def test_an_agent_does_not_write_to_itself(served: Served, ann: Caller) -> None:
    refused = await ann.try_send("ann", "hello")

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert served.count("messages") == 0


async def test_an_agent_that_has_no_number_cannot_be_written_to(
    served: Served, ann: Caller
) -> None:
    await served.agent("mute")
    refused = await ann.try_send("mute", "hello")

    assert (refused.status_code, refused.json()["code"]) == (424, "not_configured")
    assert served.count("messages") == 0


# --- nothing to send with -------------------------------------------------------------------------


async def test_an_agent_without_a_number_is_told_how_it_gets_one(served: Served) -> None:
    refused = await (await served.agent("mute")).try_send(HANDSET, "hello")

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (424, "not_configured")
    assert "trunkline agents set mute phone=" in problem["detail"]


async def test_without_a_provider_the_answer_names_what_to_install_and_to_set(
    start_hub: StartHub,
) -> None:
    loaded = load_plugins()
    none = Plugins(reports=(), databases=loaded.databases, providers={}, sites={})
    async with start_hub(plugins=none, toml="") as hub:
        refused = await (await hub.agent("ann", ANN)).try_send(HANDSET, "hello")

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (424, "not_configured")
    assert "trunkline-demo" in problem["detail"]
    assert "[slots] telephony" in problem["detail"]


async def test_a_slot_that_names_no_connection_says_where_to_look(start_hub: StartHub) -> None:
    async with start_hub(toml='[slots]\ntelephony = "nowhere"\n') as hub:
        refused = await (await hub.agent("ann", ANN)).try_send(HANDSET, "hello")

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (424, "not_configured")
    assert "nowhere" in problem["detail"]
    assert "usually called trunkline-nowhere" in problem["detail"]


async def test_a_connection_with_a_bad_setting_names_the_setting_but_not_its_value(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=DEMO.replace("latency_ms = 0", "latency_ms = -77")) as hub:
        refused = await (await hub.agent("ann", ANN)).try_send(HANDSET, "hello")

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (424, "not_configured")
    assert "latency_ms" in problem["detail"]
    assert "77" not in problem["detail"]


async def test_an_answer_goes_to_whom_it_answers(served: Served, ann: Caller) -> None:
    await served.client.post(f"/demo/handsets/{HANDSET}/reply", json={"body": "hello", "to": ANN})
    (question,) = await ann.inbox(unread=True)

    refused = await ann.post(
        "comms_send_message",
        {"channel": "sms", "to": BEN, "body": "for you", "replyTo": question["id"]},
    )

    assert refused.json()["field"] == "replyTo"
    assert [message["body"] for message in await ann.inbox()] == ["hello"]
