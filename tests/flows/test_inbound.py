"""Texts arrive: only what a provider vouches for comes in, and each thing once."""

import json

import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, WireWebhooks
from trunkline.sdk import E164
from trunkline.testing import FakeClock
from trunkline_demo.webhooks import SIGNATURE_HEADER, Inbound

pytestmark = pytest.mark.both(slow=True)

CONNECTION = "/webhooks/connections/demo/sms"
MISMATCH = "The signature does not match the simulated network's signing key."
OWN = "/webhooks/ann/sms"


def text(body: str = "hello", *, to: str = ANN, id_: str = "t1") -> Inbound:
    """Return a text from the handset."""
    return Inbound(id=id_, sender=E164(HANDSET), recipient=E164(to), body=body)


@pytest.mark.both
@pytest.mark.parametrize("path", [CONNECTION, "/webhooks/connections/demo", OWN])
async def test_a_text_arrives_on_the_accounts_route_and_on_the_agents(
    served: Served, ann: Caller, path: str
) -> None:
    response = await Vendor(served).tell(path, text())

    (message,) = await ann.inbox()
    assert response.status_code == 204
    assert (message["from"], message["to"], message["body"]) == (HANDSET, ANN, "hello")
    assert (message["direction"], message["untrusted"], message["read"]) == ("inbound", True, False)


async def test_a_reply_on_a_handset_travels_the_same_road(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "hello")
    await served.client.post(f"/demo/handsets/{HANDSET}/reply", json={"body": "hello back"})

    assert [message["body"] for message in await ann.inbox(unread=True)] == ["hello back"]


async def test_case_f4_a_handset_learns_that_nobody_has_the_number(
    served: Served, ann: Caller
) -> None:
    path = f"/demo/handsets/{HANDSET}/reply"
    nobody = await served.client.post(path, json={"body": "hello", "to": BEN})
    agent = await served.client.post(path, json={"body": "hello", "to": ANN})
    agents = await served.client.get("/demo/agents")

    assert nobody.json()["reason"] == "Nobody answers there: no agent has this number."
    assert "reason" not in agent.json()
    assert agents.json()["items"] == [{"agentId": "ann", "name": "ann", "address": ANN}]


async def test_a_text_told_twice_is_stored_once(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    statuses = [(await vendor.tell(path, text())).status_code for path in (CONNECTION, OWN, OWN)]

    assert statuses == [204, 204, 204]
    assert len(await ann.inbox()) == 1
    assert served.count("inbound_events") == 1


async def test_what_cannot_be_seen_is_taken_out_of_a_text(served: Served, ann: Caller) -> None:
    await Vendor(served).tell(OWN, text("pay\u202e \U000e0049now\u200b\ufeff\x07 👍🏽\n"))

    assert [message["body"] for message in await ann.inbox()] == ["pay now 👍🏽\n"]


# --- what proves nothing --------------------------------------------------------------------------


def _nothing_stored(served: Served) -> bool:
    tables = ("inbound_events", "messages", "body_vault", "suppressions")
    return not any(served.count(table) for table in tables)


@pytest.mark.parametrize("path", [CONNECTION, OWN])
async def test_a_webhook_signed_with_another_key_is_refused(
    served: Served, ann: Caller, path: str
) -> None:
    response = await Vendor(served).tell(path, text("STOP"), key="f" * 32)

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert _nothing_stored(served)


@pytest.mark.parametrize("path", [CONNECTION, OWN])
async def test_a_webhook_changed_on_its_way_is_refused(
    served: Served, ann: Caller, path: str
) -> None:
    signed = Vendor(served).signed(path, text())
    changed = signed.content.replace(b"hello", b"jello")
    response = await served.client.post(
        path, content=changed, headers={SIGNATURE_HEADER: signed.headers[SIGNATURE_HEADER]}
    )

    assert response.status_code == 403
    assert _nothing_stored(served)


@pytest.mark.parametrize(
    ("path", "given"), [(CONNECTION, None), (OWN, None), (OWN, b""), (OWN, b"v1=\xe9")]
)
async def test_an_unsigned_webhook_is_refused(
    served: Served, ann: Caller, path: str, given: bytes | None
) -> None:
    headers = [] if given is None else [(SIGNATURE_HEADER.encode(), given)]
    body = text().model_dump_json(by_alias=True)
    response = await served.client.post(path, content=body, headers=headers)

    assert response.status_code == 403
    assert _nothing_stored(served)


async def test_a_signature_holds_for_its_own_url_only(served: Served, ann: Caller) -> None:
    signed = Vendor(served).signed("/webhooks/ben/sms", text())
    response = await served.client.post(
        OWN, content=signed.content, headers={SIGNATURE_HEADER: signed.headers[SIGNATURE_HEADER]}
    )

    assert response.status_code == 403
    assert _nothing_stored(served)


async def test_a_text_to_another_agent_is_refused_on_this_agents_route(
    served: Served, ann: Caller, ben: Caller
) -> None:
    response = await Vendor(served).tell(OWN, text(to=BEN))

    assert response.status_code == 403
    assert _nothing_stored(served)


async def test_a_connection_that_does_not_serve_the_agent_cannot_vouch_for_its_texts(
    start_hub: StartHub,
) -> None:
    toml = f"{WIRE}[providers.demo]\nsigning_key = '0123456789abcdef0123456789abcdef'\n"
    async with start_hub(plugins=Network().plugins(), toml=toml) as hub:
        await hub.agent("ann", ANN)
        response = await Vendor(hub).tell(OWN, text())

        assert response.status_code == 403
        assert _nothing_stored(hub)


@pytest.mark.parametrize(
    ("path", "to", "key", "said"),
    [
        (OWN, ANN, "f" * 32, {"reason": MISMATCH, "connection": "demo"}),
        (OWN, BEN, None, {"reason": "It is for another number than the agent's."}),
        ("/webhooks/nobody/sms", ANN, None, {"reason": "There is no such agent."}),
        ("/webhooks/connections/nope", ANN, None, {"reason": "There is no such connection."}),
    ],
)
async def test_the_log_says_why_a_request_was_refused(
    served: Served,
    ann: Caller,
    capsys: pytest.CaptureFixture[str],
    path: str,
    to: str,
    key: str | None,
    said: dict[str, str],
) -> None:
    await Vendor(served).tell(path, text(to=to), **({"key": key} if key else {}))

    lines = map(json.loads, capsys.readouterr().err.splitlines())
    (line,) = [line for line in lines if line["event"] == "webhook.refused"]
    assert said.items() <= line.items()
    assert not [number for number in (to, HANDSET) if number in json.dumps(line)]


async def test_a_refusal_is_counted(served: Served, ann: Caller) -> None:
    await Vendor(served).tell(OWN, text(), key="f" * 32)
    metrics = (await (await served.admin()).get("/metrics")).text

    assert 'comms_security_events_total{type="webhook_refused"} 1.0' in metrics
    assert 'comms_webhook_requests_total{agent="ann",provider="",status="403"} 1.0' in metrics


async def test_strangers_cannot_make_up_series(served: Served) -> None:
    await Vendor(served).tell("/webhooks/made-up/sms", text())
    metrics = (await (await served.admin()).get("/metrics")).text

    assert "made-up" not in metrics


@pytest.mark.parametrize(
    "path", ["/webhooks/nobody/sms", "/webhooks/connections/nobody/sms", "/webhooks/ann/pigeon"]
)
async def test_a_callback_for_what_does_not_exist_is_not_found(
    served: Served, ann: Caller, path: str
) -> None:
    response = await Vendor(served).tell(path, text())

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert _nothing_stored(served)


async def test_a_webhook_over_the_limit_is_refused_unread(served: Served, ann: Caller) -> None:
    response = await Vendor(served).tell(OWN, b"x" * 1_048_577)

    assert response.status_code == 413
    assert _nothing_stored(served)


# --- what is nobody's, or unreadable --------------------------------------------------------------


async def test_a_text_to_a_number_that_no_agent_has_is_stored_and_ignored(served: Served) -> None:
    response = await Vendor(served).tell(CONNECTION, text())

    (event,) = served.rows("SELECT state, reason, message_id FROM inbound_events")
    assert response.status_code == 204
    assert event == {
        "state": "ignored",
        "reason": "No agent has the phone number written to.",
        "message_id": None,
    }
    assert served.count("messages") == served.count("body_vault") == 0


@pytest.mark.parametrize(
    ("path", "body"), [(CONNECTION, b"\xff\x00<html>"), (OWN, b""), (OWN, b'{"type":"sms.seen"}')]
)
async def test_what_cannot_be_read_is_a_dead_letter_once(
    served: Served, ann: Caller, path: str, body: bytes
) -> None:
    vendor = Vendor(served)
    statuses = [(await vendor.tell(path, body)).status_code for _ in range(2)]

    (event,) = served.rows("SELECT state, external_id FROM inbound_events")
    assert statuses == [204, 204]
    assert (event["state"], len(event["external_id"])) == ("dead", 64)


async def test_requests_that_differ_in_their_url_alone_are_two_dead_letters(
    served: Served, ann: Caller
) -> None:
    for query in ("?text=1", "?text=2", "?text=2"):
        await Vendor(served).tell(f"{CONNECTION}{query}", b"")

    assert len(served.rows("SELECT id FROM inbound_events WHERE state = 'dead'")) == 2


async def test_a_dead_letter_is_kept_encrypted_only(served: Served, ann: Caller) -> None:
    await Vendor(served).tell(OWN, b"this is not JSON")

    (event,) = served.rows("SELECT * FROM inbound_events")
    (held,) = served.rows("SELECT owner_table, owner_id, ciphertext FROM body_vault")
    assert (held["owner_table"], held["owner_id"]) == ("inbound_events", event["id"])
    assert b"not JSON" not in held["ciphertext"]
    assert "not JSON" not in json.dumps(event, default=str)


@pytest.mark.both
async def test_every_event_has_an_end(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    await vendor.tell(CONNECTION, text(id_="t1"))
    await vendor.tell(CONNECTION, text(id_="t1"))
    await vendor.tell(CONNECTION, text(id_="t2", to=BEN))
    await vendor.tell(CONNECTION, b"?")

    ends = served.rows("SELECT state, count(*) AS n FROM inbound_events GROUP BY state")
    assert {row["state"]: row["n"] for row in ends} == {"handled": 1, "ignored": 1, "dead": 1}


# --- several connections --------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "http_status"), [(29, 204), (31, 403)])
async def test_a_connection_is_heard_for_30_days_after_it_last_served_the_agent(
    start_hub: StartHub, days: int, http_status: int
) -> None:
    clock, network = FakeClock(), Network()
    told = {"id": "t1", "from": BOB, "to": ALICE, "body": "hello"}
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await hub.local("agents_set", id="ann", values={"telephony": "wire"})
        await hub.change("UPDATE agent_connections SET connection = 'demo'")  # and is not there
        clock.travel(days * 86_400)
        response = await hub.client.post(OWN, json=told, headers={"x-wire": "yes"})

    assert response.status_code == http_status
