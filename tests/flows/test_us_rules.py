"""The rules for the United States in a whole hub: installed they judge, at the recipient's time."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, WIRE, Network, WireWebhooks

__all__ = ["clock"]

CARL = "+12125550123"
"""In New York."""
NIGHT = datetime(2027, 1, 7, 4, tzinfo=UTC)  # 23:00 there, on a Wednesday
INSTALLED: Mapping[str, str] = {"TRUNKLINE_RULES__DISABLED": ""}


@pytest.mark.both(slow=True)
@pytest.mark.parametrize("stopped", [False, True])
async def test_a_text_at_eleven_at_night_leaves_at_nine_unless_they_said_stop(
    start_hub: StartHub, clock: Ahead, stopped: bool
) -> None:
    network = Network()
    clock.travel((NIGHT - clock.now()).total_seconds())
    plugins = network.plugins(WireWebhooks())
    async with start_hub(plugins=plugins, toml=WIRE, clock=clock, environ=INSTALLED) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(CARL, "Your table is ready.")
        if stopped:
            told = {"id": "1", "from": CARL, "to": ALICE, "body": "STOP"}
            await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        await keep_still()
        at_night = len(network.asked)
        clock.travel(10 * 3600 + 5)
        ended = await hub.until_status(ann, sent["messageId"], "blocked" if stopped else "sent")

    assert (sent["status"], sent["earliestAt"]) == ("queued", "2027-01-07T14:00:00.000Z")
    assert "where the recipient is" in sent["reason"]
    assert at_night == 0
    assert (ended["status"], len(network.asked)) == (("blocked", 0) if stopped else ("sent", 1))


@pytest.mark.parametrize(
    ("toml", "status"),
    [("", "queued"), ('[rules]\ndisabled = ["us-rules"]\n', "sent")],
)
async def test_it_is_turned_off_by_configuration(
    start_hub: StartHub, clock: Ahead, toml: str, status: str
) -> None:
    clock.travel((NIGHT - clock.now()).total_seconds())
    environ = INSTALLED
    async with start_hub(
        plugins=Network().plugins(), toml=f"{WIRE}{toml}", clock=clock, environ=environ
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(CARL, "Your table is ready.")

    assert sent["status"] == status


@pytest.mark.parametrize(
    ("toml", "status"), [("", "sent"), ('[rules]\norder = ["us-rules"]\n', "queued")]
)
async def test_in_the_demo_it_judges_if_it_is_named(
    start_hub: StartHub, clock: Ahead, toml: str, status: str
) -> None:
    clock.travel((NIGHT - clock.now()).total_seconds())
    environ = {**INSTALLED, "DEMO_MODE": "true"}
    async with start_hub(
        plugins=Network().plugins(), toml=f"{WIRE}{toml}", clock=clock, environ=environ
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(CARL, "Your table is ready.")

    assert sent["status"] == status


async def test_a_text_of_unknown_whereabouts_waits_for_the_whole_country(
    start_hub: StartHub, clock: Ahead
) -> None:
    clock.travel((datetime(2027, 1, 7, 16, tzinfo=UTC) - clock.now()).total_seconds())
    async with start_hub(
        plugins=Network().plugins(), toml=WIRE, clock=clock, environ=INSTALLED
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send("+18002530000", "Hello.")

    assert (sent["status"], sent["earliestAt"]) == ("queued", "2027-01-07T20:00:00.000Z")
