"""What an operator hears of connections that do not work: in the log, and from the doctor."""

import json
from typing import Any

import pytest

from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, NoConfig, WireWebhooks
from tests.flows.test_doctor import examined
from trunkline.sdk import (
    AuthFailed,
    BadSignature,
    NotConfigured,
    OutOfCredit,
    WebhookRequest,
)


def lines(capfd: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """Return the log's lines about an event since they were last read."""
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line[0] == "{"]
    return [line for line in logged if line["event"] == event]


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        (AuthFailed("Acme refused the log-in."), "Acme refused the log-in.", "failed"),
        (OutOfCredit("Acme wants to be paid."), "Acme wants to be paid.", "failed"),
        (NotConfigured("Install acme-tool."), "Install acme-tool.", "queued"),
        (ValueError("hunter2"), "Its adapter raised ValueError; the log says where.", "queued"),
        (KeyboardInterrupt(), "Its adapter raised KeyboardInterrupt", "queued"),
    ],
)
async def test_case_d6_what_opening_raises_is_told_in_the_log_by_the_doctor_and_to_the_agent(
    start_hub: StartHub,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    sentence: str,
    status: str,
) -> None:
    network = Network(openings=[error] * 9)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        told = (await ann.try_send(BOB, "hello")).json()
        message = await ann.status(told["messageId"])
        verdict, said = (await examined(hub))["connection wire"]

    (line, *_) = lines(capfd, "connection.open_failed")
    assert sentence in line["reason"]
    assert ("exception" in line) == isinstance(error, ValueError | KeyboardInterrupt)
    assert verdict == "bad"
    assert sentence in said
    assert message["status"] == status
    assert sentence in message["reason"]
    assert "hunter2" not in json.dumps([line, said, message])
    assert network.asked == []


async def test_case_d5_a_provider_that_cannot_do_what_it_declares_is_told_when_it_is_opened(
    start_hub: StartHub,
) -> None:
    class Mute(Network):
        send = Network.__mro__[1].send  # type: ignore[attr-defined]

    async with start_hub(plugins=Mute().plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "hello")
        verdict, said = (await examined(hub))["connection wire"]

    assert verdict == "bad"
    assert "it yields a Mute without send, which sms.send needs" in said


class Stale(WireWebhooks):
    """Finds every request too old."""

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        raise BadSignature("stale stamp")


@pytest.mark.parametrize("path", ["/webhooks/ann/sms", "/webhooks/connections/wire"])
async def test_case_d10_why_an_adapter_does_not_vouch_for_a_request_stands_in_the_log(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    async with start_hub(plugins=Network().plugins(Stale()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        response = await hub.client.post(path, content=b"{}", headers={"x-wire": "yes"})

    assert response.status_code == 403
    assert "stale stamp" not in response.text
    (line,) = lines(capfd, "webhook.refused")
    assert (line["reason"], line["connection"]) == ("stale stamp", "wire")
