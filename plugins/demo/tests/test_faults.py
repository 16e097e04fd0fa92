"""Faults on request: each spoils one send, in the order they were armed."""

import pytest

from plugins.demo.tests.wire import HANDSET, Demo, sms
from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
    TelephonyProvider,
)

MESSAGES = f"/demo/handsets/{HANDSET}/messages"


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ("rate_limited", RetryLater, False),
        ("bad_recipient", Rejected, False),
        ("bad_credentials", AuthFailed, False),
        ("server_error", OutcomeUnknown, False),
        ("dropped_before", RetryLater, False),
        ("dropped_after", OutcomeUnknown, True),
    ],
)
async def test_a_fault_spoils_one_send(
    demo: Demo, provider: TelephonyProvider, fault: str, error: type[ProviderError], taken: bool
) -> None:
    await demo.post("/demo/faults", {"fault": fault})

    with pytest.raises(error) as raised:
        await provider.send(sms("first"))
    await provider.send(sms("second"))

    assert type(raised.value) is error
    if isinstance(raised.value, RetryLater):
        assert raised.value.retry_after_s == 1
    on_handset = [message["body"] for message in await demo.get(MESSAGES)]
    assert on_handset == (["second", "first"] if taken else ["second"])
    reports = await demo.hub.events(len(on_handset), demo.config)
    assert len(reports) == len(on_handset)
    counts = await demo.counts()
    assert (counts["accepted"], counts["refused"]) == (len(on_handset), 2 - len(on_handset))


async def test_faults_are_met_in_the_order_they_were_armed(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await demo.post("/demo/faults", {"fault": "rate_limited", "times": 2})
    response = await demo.post("/demo/faults", {"fault": "bad_recipient"})
    armed = [{"fault": "rate_limited", "times": 2}, {"fault": "bad_recipient", "times": 1}]
    assert response.json()["items"] == await demo.get("/demo/faults") == armed

    met: list[type[ProviderError]] = []
    for _ in range(3):
        with pytest.raises(ProviderError) as raised:
            await provider.send(sms())
        met.append(type(raised.value))

    assert met == [RetryLater, RetryLater, Rejected]
    assert await demo.get("/demo/faults") == []


async def test_armed_faults_can_be_cleared(demo: Demo, provider: TelephonyProvider) -> None:
    await demo.post("/demo/faults", {"fault": "bad_credentials", "times": 1000})

    assert (await demo.client.delete("/demo/faults")).status_code == 204

    await provider.send(sms())
