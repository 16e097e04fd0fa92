"""The log of a hub at work, whatever happens in it, names nobody and quotes nothing."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from tests.flows.hubs import ANN, BEN, SIGNING_KEY, StartHub
from tests.flows.logs import every_level
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, WireWebhooks
from trunkline.sdk import OutboundSms, OutcomeUnknown, Receipt, Rejected

STRANGER, MAIL = "+12025550177", "zoe.quill@example.com"
OUT, IN, KEY = "Guacamole-OUT-7f31", "Quesadilla-IN-93c2", "order-Tamarind-44"
MEDIA = "https://nachos.example/41d7.jpg"


@pytest.fixture(autouse=True)
def _every_level() -> Iterator[None]:
    with every_level():
        yield


def planted(text: str, *tokens: str) -> list[str]:
    """Return which of the planted things stand in a text."""
    numbers = [number.removeprefix("+") for number in (ANN, BEN, STRANGER, ALICE, BOB)]
    secrets = [token.rpartition("_")[2] for token in tokens]
    things = [*numbers, *secrets, MAIL, OUT, IN, KEY, SIGNING_KEY, "nachos"]
    return [thing for thing in things if thing in text]


async def test_a_day_at_work_leaves_nothing_private_in_the_log(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    async with start_hub() as hub:
        ann, _ = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        admin, vendor = await hub.admin(), Vendor(hub)
        for fault in ("rate_limited", "bad_recipient", "bad_credentials", "server_error"):
            await vendor.arm(fault)
            await ann.try_send(STRANGER, f"{OUT} {fault}", {"Idempotency-Key": KEY + fault})
        await ann.send("ben", OUT)
        sent = await ann.send(STRANGER, OUT, idempotencyKey=KEY, mediaUrl=MEDIA)
        await ann.try_send(STRANGER, OUT, mediaUrl=MEDIA.replace("https", "http"))
        await vendor.text(STRANGER, ANN, IN, "t1", media_urls=(MEDIA,))
        await vendor.text(STRANGER, ANN, "STOP", "t2")
        await vendor.tell("/webhooks/ann/sms", f"{IN} {STRANGER} {MAIL}".encode())
        await vendor.tell("/webhooks/ann/sms", f"{IN} {STRANGER}".encode(), key="f" * 32)
        for to in (STRANGER, MAIL, f"tel:{STRANGER}", f"{STRANGER}999999999"):
            await ann.try_send(to, OUT, {"Idempotency-Key": KEY})
        await ann.post("comms_get_messages", {"contactNumber": STRANGER, "cursor": MAIL})
        await ann.post(STRANGER, {MAIL: OUT})
        await hub.client.get(f"/api/v1/messages/{STRANGER}?token={ann.token}&to={MAIL}")
        await admin.post("comms_get_messages", {"agentId": STRANGER})
        await hub.until_status(ann, sent["messageId"], "delivered")

    log = capsys.readouterr().err
    assert len(log.splitlines()) > 20
    assert planted(log, ann.token, admin.token) == []


async def test_what_adapters_and_databases_break_over_stays_out_of_the_log(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = iter(
        [
            RuntimeError(f"could not send {OUT} to {BOB} of {MAIL}"),
            OutcomeUnknown(f"no answer for {BOB}"),
            Rejected(f"{BOB} is not a number"),
            httpx2.ReadTimeout(f"POST https://api.example.com/{BOB}?body={OUT}"),
        ]
    )

    async def fail(sms: OutboundSms) -> Receipt:
        raise next(outcomes)

    network = Network(fail, openings=[RuntimeError(f"bad login {MAIL}: {SIGNING_KEY}")])
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(5):
            await ann.try_send(BOB, f"{OUT} {number}")
        for body in (f"{IN} {BOB}", json.dumps({"id": "t", "from": BOB, "to": 5, "body": IN})):
            headers = {"x-wire": "yes", "authorization": ann.token}
            await hub.client.post("/webhooks/connections/wire", content=body, headers=headers)

    log = capsys.readouterr().err
    assert "adapter.raised" in log
    assert planted(log, ann.token) == []
