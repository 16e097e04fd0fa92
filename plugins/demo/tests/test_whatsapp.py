"""WhatsApp on the simulated network: what its handset and its provider do, apart from a hub."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from plugins.demo.tests.wire import AGENT, HANDSET, OTHER_AGENT, Demo, View, problem
from trunkline.sdk import (
    DeliveryStatus,
    Media,
    NotConfigured,
    OutboundWhatsApp,
    ReceivedWhatsApp,
    Rejected,
    Reported,
    TemplateState,
    WebhookReply,
    WebhookRequest,
    WhatsAppContent,
    WhatsAppProvider,
)
from trunkline.testing import provider_context
from trunkline_demo.whatsapp import MAX_CHATS
from trunkline_demo.whatsapp_chats import MAX_MESSAGES

NOBODYS = "DE.AbC7kR2mX9wQ4tZ1"
PERSON = f"/demo/whatsapp/people/{HANDSET}"
DAY_S = timedelta(hours=24).total_seconds()
MARK = "canary"


@pytest.fixture
async def provider(demo: Demo) -> AsyncIterator[WhatsAppProvider]:
    async with opened(demo) as provider:
        yield provider


def opened(demo: Demo, deliver: Any = None) -> Any:
    context = provider_context(
        demo.client, clock=demo.clock, log=demo.hub.log, deliver=deliver or demo.hub.deliver
    )
    [spec] = demo.plugin.trunkline_register_whatsapp()
    return spec.open(demo.config, context)


def outbound(body: str = "", recipient: str = HANDSET, **more: Any) -> OutboundWhatsApp:
    return OutboundWhatsApp(
        sender=AGENT,
        recipient=recipient,
        body=body,
        idempotency_key="att_1",
        status_url="https://hub.example/webhooks/ada/message-status?attempt=att_1",
        **more,
    )


def thanks(**more: Any) -> OutboundWhatsApp:
    return outbound(template="thanks_en", **more)


async def shown(demo: Demo, agent: str = AGENT, person: str = HANDSET) -> dict[str, Any]:
    """Return a chat of a person with an agent."""
    answer = (await demo.client.get(f"/demo/whatsapp/people/{person}")).json()
    (chat,) = (each for each in answer["chats"] if each["agent"] == agent)
    found: dict[str, Any] = chat
    return found


# --- who is there ---------------------------------------------------------------------------------


async def test_a_new_network_has_two_people_one_without_a_number(demo: Demo) -> None:
    people = await demo.get("/demo/whatsapp/people")

    assert people == [
        {"address": HANDSET, "name": "Anna", "hasNumber": True},
        {"address": NOBODYS, "name": "Kim", "hasNumber": False},
    ]
    assert (await demo.client.get(PERSON)).json()["chats"] == []


async def test_there_are_approved_templates_in_two_languages_and_two_that_are_not(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    found = await provider.templates()
    listed = await demo.get("/demo/whatsapp/templates")

    approved = {each.language for each in found if each.state is TemplateState.APPROVED}
    assert approved == {"en", "de"}
    assert [each.state for each in found if each.state is not TemplateState.APPROVED] == [
        TemplateState.PENDING,
        TemplateState.REJECTED,
    ]
    assert {each.variables for each in found} >= {("1", "2"), ("day", "time"), ()}
    assert [each["templateId"] for each in listed] == [each.provider_id for each in found]


# --- what an agent sends --------------------------------------------------------------------------


async def test_the_window_is_open_for_24_hours_and_not_a_second_longer(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    with pytest.raises(Rejected) as never:
        await provider.send(outbound("Hello"))
    await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})
    demo.clock.travel(DAY_S - 1)
    await provider.send(outbound("Just in time"))
    demo.clock.travel(1)
    with pytest.raises(Rejected) as late:
        await provider.send(outbound("Too late"))

    assert never.value.provider_code == late.value.provider_code == "window_closed"
    assert [each["body"] for each in (await shown(demo))["messages"]] == ["Hello", "Just in time"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"template": "thanks_fr"}, "template_unknown"),
        ({"template": "thanks_en", "language": "de"}, "template_unknown"),
        ({"template": "spring_sale_en", "template_values": {"1": "x"}}, "template_not_approved"),
        ({"template": "hello_en", "template_values": {"1": "x"}}, "template_values"),
        ({"template": "thanks_en", "template_values": {"1": "x"}}, "template_values"),
    ],
)
async def test_a_template_that_does_not_fit_is_not_taken(
    demo: Demo, provider: WhatsAppProvider, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(Rejected) as raised:
        await provider.send(outbound(**more))

    assert raised.value.provider_code == code
    assert (await demo.counts())["refused"] == 1
    assert (await demo.client.get(PERSON)).json()["chats"] == []


async def test_what_is_too_much_for_one_message_is_not_taken(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})
    pictures = tuple(Media(url=f"https://media.example/{name}.png") for name in "ab")
    for message in (outbound("a" * 4097), outbound(media=pictures)):
        with pytest.raises(Rejected):
            await provider.send(message)

    await provider.send(outbound("a" * 4096, media=pictures[:1]))


async def test_values_that_look_like_variables_are_not_filled_again(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    values = {"1": "{{2}}", "2": "\\1 {{1}}"}
    await provider.send(outbound(template="hello_en", template_values=values))

    [message] = (await shown(demo))["messages"]
    assert message["body"] == "Hello {{2}}, this is \\1 {{1}}. Shall we go on here?"


async def test_ticks_are_reported_one_by_one_and_the_price_with_the_second(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    receipt = await provider.send(thanks())
    assert (await shown(demo))["messages"][0]["status"] == "sent"
    await demo.hub.events(1, demo.config)
    await demo.post(f"{PERSON}/read", {"to": AGENT})
    await demo.post(f"{PERSON}/read", {"to": AGENT})  # once is enough
    reports = await demo.hub.events(2, demo.config)

    assert len(demo.hub.requests) == 2
    told = [(each.status, each.cost_micros) for each in reports if isinstance(each, Reported)]
    assert told == [(DeliveryStatus.DELIVERED, 4_000), (DeliveryStatus.READ, None)]
    assert {each.external_id for each in reports} == {
        f"whatsapp:{receipt.provider_id}:delivered",
        f"whatsapp:{receipt.provider_id}:read",
    }
    assert (await shown(demo))["messages"][0]["status"] == "read"


async def test_a_message_to_an_agent_goes_into_the_hub_and_opens_the_window_back(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    await provider.send(thanks(recipient=OTHER_AGENT))
    inbound, report = await demo.hub.events(2, demo.config)

    assert isinstance(inbound, ReceivedWhatsApp)
    assert (inbound.sender, inbound.recipient) == (AGENT, OTHER_AGENT)
    assert inbound.body == "Thank you. We have everything that we need."
    assert demo.hub.requests[0].url == "https://hub.example/webhooks/connections/test/whatsapp"
    assert isinstance(report, Reported)
    assert (await shown(demo, OTHER_AGENT, AGENT))["isOpen"] is True
    assert (await shown(demo, AGENT, OTHER_AGENT))["isOpen"] is False


async def test_a_hub_that_does_not_take_a_message_of_an_agents_leaves_it_at_one_tick(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    demo.hub.answer = 503
    await provider.send(thanks(recipient=OTHER_AGENT))
    await demo.hub.until(lambda: len(demo.hub.requests) == 1)

    assert (await shown(demo, AGENT, OTHER_AGENT))["messages"][0]["status"] == "sent"


# --- what a person does ---------------------------------------------------------------------------


async def test_a_person_writes_with_a_picture_and_a_quote(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    receipt = await provider.send(thanks(recipient=NOBODYS))
    await demo.hub.events(1, demo.config)
    written = await demo.post(
        f"/demo/whatsapp/people/{NOBODYS}/messages",
        {"to": AGENT, "mediaUrl": "https://media.example/a.png", "quotes": receipt.provider_id},
    )
    _, told = await demo.hub.events(2, demo.config)

    assert told == ReceivedWhatsApp(
        external_id=f"whatsapp:{written.json()['id']}",
        provider_id=written.json()["id"],
        sender=NOBODYS,
        sender_id=NOBODYS,
        sender_name="Kim",
        recipient=AGENT,
        body="",
        media=(Media(url="https://media.example/a.png"),),
        content=WhatsAppContent.MEDIA,
        vendor_kind="media",
        quoted_id=receipt.provider_id,
        occurred_at=demo.clock.now(),
    )


async def test_who_answers_before_the_hub_has_said_that_it_took_it_may_do_so(demo: Demo) -> None:
    async def deliver(request: WebhookRequest) -> WebhookReply:
        if request.url.endswith("/whatsapp"):
            await agents[0].send(outbound("At once"))
        return await demo.hub.deliver(request)

    agents: list[WhatsAppProvider] = []
    async with opened(demo, deliver) as network:
        agents.append(network)
        await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})

    assert [each["body"] for each in (await shown(demo))["messages"]] == ["Hello", "At once"]


async def test_what_the_hub_does_not_take_opens_nothing_and_says_so(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    demo.hub.answer = 503
    written = (await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})).json()

    assert (written["status"], written["reason"]) == ("failed", "The hub did not take it.")
    assert (await shown(demo))["isOpen"] is False


async def test_a_day_passes_for_one_chat_alone(demo: Demo, provider: WhatsAppProvider) -> None:
    for agent in (AGENT, OTHER_AGENT):
        await demo.post(f"{PERSON}/messages", {"to": agent, "body": "Hello"})
    passed = (await demo.post(f"{PERSON}/day", {"to": AGENT})).json()

    assert (passed["isOpen"], passed["closesAt"]) == (False, "2026-01-15T12:00:00.000Z")
    assert (await shown(demo, OTHER_AGENT))["isOpen"] is True


async def test_who_has_blocked_an_agent_hears_nothing_and_says_nothing(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    await demo.post(f"{PERSON}/block", {"to": AGENT, "blocked": True})
    await provider.send(thanks())
    [failed] = await demo.hub.events(1, demo.config)
    written = await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})

    assert isinstance(failed, Reported)
    assert (failed.status, failed.error_code) == (DeliveryStatus.FAILED, "blocked")
    assert (failed.cost_micros, failed.currency) == (0, "USD")
    assert problem(written)[:2] == (422, "invalid")
    assert len(demo.hub.requests) == 1


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("messages", {"to": AGENT}),
        ("messages", {"to": AGENT, "body": " "}),
        ("messages", {"to": AGENT, "body": MARK + "a" * 4096}),
        ("messages", {"to": MARK, "body": "a"}),
        ("messages", {"to": AGENT, "body": "a", MARK: 1}),
        ("messages", {"to": AGENT, "mediaUrl": f"http://{MARK}.example/a.png"}),
        ("reaction", {"to": AGENT, "message": "x", "emoji": MARK * 9}),
        ("block", {"to": AGENT, "blocked": MARK}),
        ("read", {}),
        ("day", {"to": MARK}),
    ],
)
async def test_what_is_invalid_is_refused_and_not_echoed(
    demo: Demo, provider: WhatsAppProvider, path: str, content: object
) -> None:
    response = await demo.post(f"{PERSON}/{path}", content)

    assert problem(response)[:2] == (422, "invalid")
    assert MARK not in response.text
    assert demo.hub.requests == []


async def test_who_is_nobody_and_what_is_no_message_is_told(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    nobody = await demo.client.get(f"/demo/whatsapp/people/{MARK}")
    quoting = await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "a", "quotes": "x"})
    about = await demo.post(f"{PERSON}/reaction", {"to": AGENT, "message": "x", "emoji": "👍"})

    assert problem(nobody)[:2] == (422, "invalid")
    assert MARK not in nobody.text
    assert problem(quoting)[:2] == problem(about)[:2] == (404, "not_found")
    assert demo.hub.requests == []


async def test_a_number_that_no_agent_has_is_not_written_to(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    demo.view = View()
    lost = await demo.post(f"{PERSON}/messages", {"to": OTHER_AGENT, "body": "a"})
    reached = await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "a"})

    assert problem(lost)[:2] == (422, "invalid")
    assert reached.json()["status"] == "delivered"
    assert await demo.get("/demo/agents?channel=whatsapp") == [
        {"agentId": "ada", "name": "Ada", "address": AGENT}
    ]


# --- bounds, opening, closing ---------------------------------------------------------------------


async def test_a_person_waits_for_the_hub_to_open_its_connection(demo: Demo) -> None:
    response = await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello?"})

    assert problem(response)[:2] == (503, "provider_unavailable")


async def test_chats_can_be_looked_at_after_the_connection_closed(demo: Demo) -> None:
    async with opened(demo) as provider:
        await provider.send(thanks())

    assert (await shown(demo))["messages"][0]["status"] == "sent"


async def test_texts_and_whatsapp_share_a_connection_and_nobody_else_has_it(demo: Demo) -> None:
    async with demo.opened(), opened(demo):
        with pytest.raises(NotConfigured):
            async with opened(demo):
                pass


async def test_a_chat_keeps_its_newest_messages_and_the_network_the_chats_used_last(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    for _ in range(MAX_MESSAGES + 1):
        await provider.send(thanks())
    assert len((await shown(demo))["messages"]) == MAX_MESSAGES

    for number in range(MAX_CHATS):
        await provider.send(thanks(recipient=f"+1415555{number:04}"))
    assert (await demo.client.get(PERSON)).json()["chats"] == []
