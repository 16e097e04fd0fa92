"""Sending through the simulated network: handsets, reports, agents' numbers, faults, closing."""

import asyncio

import pytest

from plugins.demo.tests.wire import AGENT, BASE, HANDSET, OTHER_AGENT, Demo, problem, sms
from trunkline.sdk import (
    DeliveryStatus,
    NotConfigured,
    Received,
    Rejected,
    Reported,
    TelephonyProvider,
)
from trunkline.testing import RecordedEvent
from trunkline_demo.config import DemoConfig
from trunkline_demo.network import MAX_HANDSETS, MAX_TEXTS

MESSAGES = f"/demo/handsets/{HANDSET}/messages"
REPLY = f"/demo/handsets/{HANDSET}/reply"


async def test_a_text_lies_on_the_recipients_handset_and_its_report_follows(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.send(sms("Grüße"))

    [message] = await demo.get(MESSAGES)
    assert message == {
        "id": receipt.provider_id,
        "channel": "sms",
        "direction": "inbound",
        "from": AGENT,
        "to": HANDSET,
        "body": "Grüße",
        "bodyState": "kept",
        "timestamp": "2026-01-15T12:00:00.000Z",
        "status": "received",
        "cost": None,
        "read": False,
        "untrusted": False,
    }
    assert receipt.status is DeliveryStatus.SENT
    assert await demo.hub.events(1, demo.config) == [
        Reported(
            external_id=f"status:{receipt.provider_id}:delivered",
            provider_id=receipt.provider_id,
            sender=AGENT,
            status=DeliveryStatus.DELIVERED,
            vendor_status="delivered",
            cost_micros=7_900,
            currency="USD",
        )
    ]
    assert demo.hub.requests[0].url == sms().status_url


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("a" * 152 + "€" * 5, 2),
        ("€" * 153, 3),  # 76 of two septets fit into a part of 153
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 67, 3),  # 33 of two units fit into a part of 67
    ],
)
async def test_the_final_price_is_per_segment(
    demo: Demo, provider: TelephonyProvider, body: str, segments: int
) -> None:
    await provider.send(sms(body))

    [report] = await demo.hub.events(1, demo.config)
    assert isinstance(report, Reported)
    assert report.cost_micros == 7_900 * segments


MEDIA = ("https://media.example/a.jpg?x=1&y=2", "https://media.example/b.png")


async def test_media_lie_on_the_handset_with_their_text(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.send(sms("", media_urls=MEDIA))
    await provider.send(sms("One", media_urls=MEDIA[:1]))

    one, both = await demo.get(MESSAGES)
    assert (one["mediaUrl"], one["mediaCount"], "mediaUrls" in one) == (MEDIA[0], 1, False)
    assert (both["mediaUrl"], both["mediaCount"], both["mediaUrls"]) == (MEDIA[0], 2, list(MEDIA))


async def test_a_text_with_media_has_one_price_however_long(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.send(sms("a" * 1600, media_urls=MEDIA))

    [report] = await demo.hub.events(1, demo.config)
    assert isinstance(report, Reported)
    assert report.cost_micros == 20_000


async def test_media_travel_into_the_hub_too(demo: Demo, provider: TelephonyProvider) -> None:
    await provider.send(sms(recipient=OTHER_AGENT, media_urls=MEDIA))
    await demo.hub.events(2, demo.config)
    answer = await demo.post(REPLY, {"body": "", "to": AGENT, "mediaUrl": MEDIA[1]})

    assert answer.status_code == 200
    events = await demo.hub.events(3, demo.config)
    media = [
        tuple(each.url for each in event.media) for event in events if isinstance(event, Received)
    ]
    assert media == [MEDIA, MEDIA[1:]]


async def test_a_text_to_an_agents_number_also_goes_into_the_hub(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.send(sms("Ping", recipient=OTHER_AGENT))

    inbound, report = await demo.hub.events(2, demo.config)
    assert inbound == Received(
        external_id=f"sms:{receipt.provider_id}",
        provider_id=receipt.provider_id,
        sender=AGENT,
        recipient=OTHER_AGENT,
        body="Ping",
    )
    assert isinstance(report, Reported)
    assert demo.hub.requests[0].url == f"{BASE}/webhooks/connections/test/sms"
    [kept] = await demo.get(f"/demo/handsets/{OTHER_AGENT}/messages")
    assert kept["body"] == "Ping"


@pytest.mark.parametrize("number", ["+12025550150", "+12025550199", "+4915112345678"])
async def test_a_text_to_any_other_number_stays_on_its_handset(
    demo: Demo, provider: TelephonyProvider, number: str
) -> None:
    await provider.send(sms(recipient=number))

    [event] = await demo.hub.events(1, demo.config)
    assert isinstance(event, Reported)


async def test_a_reply_reaches_the_hub_from_the_handset(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.send(sms(sender=OTHER_AGENT))
    await demo.hub.events(1, demo.config)

    response = await demo.post(REPLY, {"body": "Yes"})

    _, reply = await demo.hub.events(2, demo.config)
    answer = response.json()
    assert answer == {"id": answer["id"], "status": "accepted", "httpStatus": 204}
    assert reply == Received(
        external_id=f"sms:{answer['id']}",
        provider_id=answer["id"],
        sender=HANDSET,
        recipient=OTHER_AGENT,
        body="Yes",
    )
    written, arrived = await demo.get(MESSAGES)
    assert (written["direction"], written["status"], written["to"]) == (
        "outbound",
        "sent",
        OTHER_AGENT,
    )
    assert arrived["direction"] == "inbound"
    assert await demo.counts() == {"accepted": 1, "delivered": 1, "refused": 0, "inbound": 1}


async def test_a_second_reply_without_a_number_goes_where_the_last_text_came_from(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.send(sms(sender=OTHER_AGENT))
    await demo.post(REPLY, {"body": "One", "to": AGENT})
    await demo.post(REPLY, {"body": "Two"})

    assert (await demo.get(MESSAGES))[0]["to"] == OTHER_AGENT


async def test_a_reply_that_the_hub_refuses_is_told_and_marked(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.answer = 403

    response = await demo.post(REPLY, {"body": "Secret words", "to": AGENT})

    answer = response.json()
    assert (answer["status"], answer["httpStatus"]) == ("refused", 403)
    assert (await demo.get(MESSAGES))[0]["status"] == "failed"
    assert (await demo.counts())["inbound"] == 0
    facts: dict[str, object] = {"webhook": "sms.received", "status": 403}
    assert demo.hub.log.events == [RecordedEvent("warning", "demo.webhook_refused", facts)]


async def test_a_hub_that_breaks_down_is_logged_without_the_text(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.answer = RuntimeError("Secret words")

    response = await demo.post(REPLY, {"body": "Secret words", "to": AGENT})
    await provider.send(sms("Secret words", recipient=OTHER_AGENT))
    await demo.hub.until(lambda: len(demo.hub.requests) == 3)

    answer = response.json()
    assert (answer["status"], answer["httpStatus"]) == ("refused", None)
    assert demo.hub.log.events == [
        RecordedEvent("error", "demo.webhook_failed", {"webhook": webhook, "error": "RuntimeError"})
        for webhook in ("sms.received", "sms.received", "sms.status")
    ]
    assert await demo.counts() == {"accepted": 1, "delivered": 0, "refused": 0, "inbound": 0}


async def test_a_reply_waits_for_the_hub_to_open_its_connection(demo: Demo) -> None:
    assert await demo.get(MESSAGES) == []
    response = await demo.post(REPLY, {"body": "Hello?", "to": AGENT})
    assert problem(response)[:2] == (503, "provider_unavailable")

    async with demo.opened():
        assert (await demo.post(REPLY, {"body": "Hello?", "to": AGENT})).status_code == 200


async def test_a_text_that_is_too_long_is_rejected(demo: Demo, provider: TelephonyProvider) -> None:
    await provider.send(sms("a" * 1600))
    with pytest.raises(Rejected):
        await provider.send(sms("a" * 1601))

    assert len(await demo.get(MESSAGES)) == 1


@pytest.mark.parametrize("number", [HANDSET, "+12025550160"])
async def test_a_handset_keeps_its_newest_texts_only(
    demo: Demo, provider: TelephonyProvider, number: str
) -> None:
    for count in range(MAX_TEXTS + 1):
        await provider.send(sms(str(count), recipient=number))

    messages = await demo.get(f"/demo/handsets/{number}/messages")
    assert len(messages) == MAX_TEXTS
    assert (messages[0]["body"], messages[-1]["body"]) == (str(MAX_TEXTS), "1")


async def test_the_handset_not_used_for_longest_is_dropped(
    demo: Demo, provider: TelephonyProvider
) -> None:
    numbers = [f"+1415555{number:04}" for number in range(MAX_HANDSETS)]
    for number in [*numbers[:2], numbers[0], *numbers[2:]]:
        await provider.send(sms(recipient=number))
    await provider.send(sms(recipient=HANDSET))  # the first handset was dropped and is back

    addresses = [handset["address"] for handset in await demo.get("/demo/handsets")]
    assert len(addresses) == MAX_HANDSETS
    assert addresses[0] == HANDSET
    assert numbers[0] in addresses
    assert numbers[1] not in addresses


async def test_latency_and_delivery_delay_are_waited_for(demo: Demo) -> None:
    config = DemoConfig(latency_ms=20, delivery_delay_ms=300)
    async with demo.opened(config) as provider:
        sending = asyncio.create_task(provider.send(sms()))
        await travel(demo, 0.019)
        assert await demo.get(MESSAGES) == []
        await travel(demo, 0.001)
        assert len(await demo.get(MESSAGES)) == 1
        assert sending.done()

        await travel(demo, 0.299)
        assert demo.hub.requests == []
        await travel(demo, 0.001)
        assert len(await demo.hub.events(1, config)) == 1


async def travel(demo: Demo, seconds: float) -> None:
    await asyncio.sleep(0)  # whoever shall sleep falls asleep
    demo.clock.travel(seconds)
    await asyncio.sleep(0)  # and who woke up acts


async def test_closing_ends_the_deliveries_under_way(demo: Demo) -> None:
    before = asyncio.all_tasks()
    config = DemoConfig(latency_ms=0, delivery_delay_ms=600_000)
    async with asyncio.timeout(5), demo.opened(config) as provider:
        await provider.send(sms())
        assert asyncio.all_tasks() - before

    assert not asyncio.all_tasks() - before
    assert demo.hub.requests == []


async def test_the_network_serves_one_connection_at_a_time(demo: Demo) -> None:
    async with demo.opened():
        with pytest.raises(NotConfigured):
            async with demo.opened():
                pass
        assert (await demo.post(REPLY, {"body": "Yes", "to": AGENT})).status_code == 200
    async with demo.opened():
        pass
