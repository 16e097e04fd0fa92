"""WhatsApp on the simulated network: the window, templates, ticks, people, agent to agent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, BEN, HANDSET, SIGNING_KEY, Caller, Served, StartHub
from tests.flows.results import facts_of, problem_of
from trunkline.demonstration import prepare
from trunkline.testing import FakeClock

DEMO = f"""
[server]
demo = true
[slots]
telephony = "demo"
whatsapp = "demo"
[providers.demo]
latency_ms = 0
delivery_delay_ms = 0
signing_key = "{SIGNING_KEY}"
"""
NOBODYS = "DE.AbC7kR2mX9wQ4tZ1"
TAKEN = {"sent", "delivered"}
"""The network may report before the hub has noted what it answered."""
DAY_S = timedelta(hours=24).total_seconds()
HELLO: Final[dict[str, Any]] = {
    "templateId": "hello_en",
    "templateVars": [{"name": "1", "value": "Robin"}, {"name": "2", "value": "Ann"}],
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a WhatsApp handset of the simulated network."""

    hub: Served
    address: str

    async def post(self, path: str, **more: Any) -> Any:
        answer = await self.hub.client.post(
            f"/demo/whatsapp/people/{self.address}/{path}", json=more
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def write(self, body: str, to: str = ANN, **more: Any) -> dict[str, Any]:
        written: dict[str, Any] = await self.post("messages", to=to, body=body, **more)
        assert written["status"] == "delivered"
        return written

    async def chat(self, agent: str = ANN) -> dict[str, Any]:
        """Return the chat with an agent."""
        answer = await self.hub.client.get(f"/demo/whatsapp/people/{self.address}")
        (chat,) = (each for each in answer.json()["chats"] if each["agent"] == agent)
        found: dict[str, Any] = chat
        return found

    async def until_last(self, status: str, agent: str = ANN) -> dict[str, Any]:
        """Return the last message of a chat once its status is as wanted."""
        chat = await self.hub.until(
            lambda: self.chat(agent), lambda chat: chat["messages"][-1]["status"] == status
        )
        found: dict[str, Any] = chat["messages"][-1]
        return found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, clock: FakeClock) -> AsyncIterator[Served]:
    async with start_hub(toml=DEMO, clock=clock) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    return await agent(hub, "ann", ANN)


@pytest.fixture
def robin(hub: Served) -> Person:
    return Person(hub=hub, address=HANDSET)


async def agent(hub: Served, name: str, number: str) -> Caller:
    await hub.local("agents_create", id=name, values={"whatsapp": number})
    return hub.caller((await hub.local("tokens_issue", id=name))["token"])


async def tried(who: Caller, body: str = "", to: str = HANDSET, **more: Any) -> Any:
    return await who.post(
        "comms_send_message", {"channel": "whatsapp", "to": to, "body": body, **more}
    )


async def asked(hub: Served) -> int:
    """Return how often the network was asked to send, whatever it said."""
    counts = (await hub.client.get("/demo/counts")).json()
    return int(counts["accepted"] + counts["refused"])


async def test_an_exchange_falls_out_of_the_window_and_comes_back_by_a_template(
    hub: Served, ann: Caller, robin: Person, clock: FakeClock
) -> None:
    send = {"channel": "whatsapp", "to": HANDSET}
    await robin.write("Good morning")
    async with ann.mcp() as client:

        async def sends(**more: Any) -> Any:
            return await client.call_tool("comms_send_message", {**send, **more})

        inside = facts_of(await sends(body="Good morning, Robin"))
        clock.travel(DAY_S)
        before = await asked(hub)
        late = problem_of(await sends(body="Still there?"))
        never_asked = await asked(hub)
        came_back = facts_of(await sends(body="", **HELLO))
        await robin.write("Yes")
        again = facts_of(await sends(body="Then let us go on"))

    assert {each["status"] for each in (inside, came_back, again)} <= TAKEN
    assert (late["status"], late["code"], late["rule"]) == (422, "out_of_window", "window")
    assert "templateId" in late["detail"]
    assert never_asked == before == 1
    chat = await robin.chat()
    assert [(each["direction"], each["body"]) for each in chat["messages"]] == [
        ("outbound", "Good morning"),
        ("inbound", "Good morning, Robin"),
        ("inbound", "Hello Robin, this is Ann. Shall we go on here?"),
        ("outbound", "Yes"),
        ("inbound", "Then let us go on"),
    ]
    assert chat["messages"][2]["template"]["templateId"] == "hello_en"
    assert chat["isOpen"] is True


async def test_a_network_whose_clock_is_a_day_ahead_is_believed_after_its_first_word(
    hub: Served, ann: Caller, robin: Person
) -> None:
    await robin.write("Good morning")
    await robin.post("day", to=ANN)
    told = await tried(ann, "Still there?")
    before = await asked(hub)
    known = await tried(ann, "Hello?")
    after = await asked(hub)
    await robin.write("Here I am")
    opened = await tried(ann, "Good")

    assert refused(told, 422, "out_of_window")
    assert told.json()["providerCode"] == "window_closed"
    assert (known.status_code, known.json()["rule"]) == (422, "window")
    assert before == after
    assert opened.json()["status"] in TAKEN


async def test_who_never_wrote_gets_templates_only(hub: Served, ann: Caller, robin: Person) -> None:
    free = await tried(ann, "Hello")
    none_asked = await asked(hub)
    template = await tried(ann, **HELLO)

    assert (free.status_code, free.json()["rule"], none_asked) == (422, "window", 0)
    assert template.json()["status"] in TAKEN
    assert (await robin.chat())["closesAt"] is None


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({**HELLO, "templateId": "spring_sale_en"}, "template_not_approved"),
        ({**HELLO, "templateId": "you_won_en"}, "template_not_approved"),
        ({**HELLO, "templateId": "hello_fr"}, "template_unknown"),
        ({"templateId": "hello_en"}, "template_values"),
        ({**HELLO, "templateId": "thanks_en"}, "template_values"),
    ],
)
async def test_a_template_that_the_network_does_not_take_is_refused_by_its_code(
    ann: Caller, template: dict[str, Any], code: str
) -> None:
    answer = await tried(ann, **template)

    assert refused(answer, 422, "provider_rejected")
    assert answer.json()["providerCode"] == code


async def test_ticks_arrive_as_statuses(hub: Served, ann: Caller, robin: Person) -> None:
    message_id = (await tried(ann, **HELLO)).json()["messageId"]
    await hub.until_status(ann, message_id, "delivered")
    assert (await robin.until_last("delivered"))["from"] == ANN
    await robin.post("read", to=ANN)
    read = await hub.until_status(ann, message_id, "read")

    moved = [each["status"] for each in read["history"] if each["moved"]]
    assert moved[-2:] == ["delivered", "read"]
    assert (read["cost"], read["costFinal"]) == (0.004, True)
    assert (await robin.chat())["messages"][-1]["status"] == "read"


async def test_a_person_without_a_number_writes_and_is_answered(hub: Served, ann: Caller) -> None:
    kim = Person(hub=hub, address=NOBODYS)
    await kim.write("Hello")
    (shown,) = await ann.inbox()
    answer = await tried(ann, "Hello Kim", to=shown["from"], replyTo=shown["id"])
    last = await kim.until_last("delivered")

    assert (shown["from"], shown["fromName"], shown["channel"]) == (NOBODYS, "Kim", "whatsapp")
    assert answer.json()["status"] in TAKEN
    assert (last["body"], last["to"]) == ("Hello Kim", NOBODYS)
    assert last["quotes"] == (await kim.chat())["messages"][0]["id"]


async def test_who_has_blocked_the_agent_is_not_reached_until_they_unblock_it(
    hub: Served, ann: Caller, robin: Person
) -> None:
    await robin.write("Good morning")
    await robin.post("block", to=ANN, blocked=True)
    blocked = (await tried(ann, "One more thing")).json()
    failed = await hub.until_status(ann, blocked["messageId"], "failed")
    (shown, *_) = await ann.inbox()
    await robin.post("block", to=ANN, blocked=False)
    after = (await tried(ann, "Thank you")).json()

    assert blocked["status"] in {"sent", "failed"}
    assert failed["reason"].startswith("The person's phone did not take it")
    assert (shown["errorCode"], shown["providerCode"]) == ("unreachable", "blocked")
    await hub.until_status(ann, after["messageId"], "delivered")


async def test_pictures_quotes_and_reactions_reach_the_agent(
    hub: Served, ann: Caller, robin: Person
) -> None:
    sent = (await tried(ann, **HELLO)).json()
    about = await robin.until_last("delivered")
    await robin.write("Look", mediaUrl="https://pictures.example/a.jpg", quotes=about["id"])
    await robin.post("reaction", to=ANN, message=about["id"], emoji="👍")
    reaction, picture, _ = await ann.inbox()

    assert (picture["body"], picture["mediaUrl"]) == ("Look", "https://pictures.example/a.jpg")
    assert (reaction["body"], reaction["replyTo"]) == ("👍", sent["messageId"])
    assert picture["replyTo"] == sent["messageId"]
    assert (await robin.chat())["messages"][0]["reaction"] == "👍"


TIMES: Final = [{"id": "am", "label": "Morning"}, {"id": "pm", "label": "Afternoon"}]


async def test_a_person_taps_what_an_agent_offers_and_the_agent_reads_which(
    hub: Served, ann: Caller, robin: Person
) -> None:
    await robin.write("Please come by")
    sent = (await tried(ann, "When?", choices=TIMES)).json()
    offered = await robin.until_last("delivered")
    tapped = await robin.post("pick", to=ANN, message=offered["id"], choice="pm")
    again = await hub.client.post(
        f"/demo/whatsapp/people/{HANDSET}/pick",
        json={"to": ANN, "message": offered["id"], "choice": "am"},
    )
    (shown, *_) = await ann.inbox()

    assert (offered["body"], offered["choices"], offered["hasButtons"]) == ("When?", TIMES, True)
    assert (tapped["body"], tapped["quotes"]) == ("Afternoon", offered["id"])
    assert shown["choice"] == {"id": "pm", "label": "Afternoon"}
    assert (shown["body"], shown["replyTo"]) == ("Afternoon", sent["messageId"])
    assert refused(again, 422, "invalid")
    assert [each["picked"] for each in (await robin.chat())["messages"][1:2]] == ["pm"]


async def test_more_than_three_choices_are_a_list_and_long_labels_are_numbered_lines(
    hub: Served, ann: Caller, robin: Person
) -> None:
    await robin.write("Please come by")
    days = [{"label": day} for day in ("Monday", "Tuesday", "Wednesday", "Thursday")]
    await tried(ann, "Which day?", choices=days)
    listed = await robin.until_last("delivered")
    await robin.post("pick", to=ANN, message=listed["id"], choice="3")
    (tapped, *_) = await ann.inbox()
    await tried(ann, "Sure?", choices=[{"label": "Yes, on Wednesday at noon sharp"}, *days])
    numbered = await robin.until_last("delivered")
    await robin.write("1")
    (written, *_) = await ann.inbox()

    assert (len(listed["choices"]), listed["hasButtons"]) == (4, False)
    assert tapped["choice"] == {"id": "3", "label": "Wednesday"}
    assert "choices" not in numbered
    assert numbered["body"].startswith("Sure?\n1. Yes, on Wednesday at noon sharp\n2. Monday")
    assert written["choice"]["label"] == "Yes, on Wednesday at noon sharp"


async def test_an_agent_that_is_offered_something_answers_by_its_number(
    hub: Served, ann: Caller
) -> None:
    ben = await agent(hub, "ben", BEN)
    opening = await tried(ben, to=ANN, **HELLO)
    await hub.until_status(ben, opening.json()["messageId"], "delivered")
    offer = await tried(ann, "When?", to=BEN, choices=TIMES)
    await hub.until_status(ann, offer.json()["messageId"], "delivered")
    (came, *_) = await ben.inbox()
    answer = await tried(ben, "2", to=ANN)
    await hub.until_status(ben, answer.json()["messageId"], "delivered")
    (picked, *_) = await ann.inbox()

    assert came["body"] == "When?\n1. Morning\n2. Afternoon"
    assert picked["choice"] == {"id": "pm", "label": "Afternoon"}


async def test_agent_writes_to_agent_first_by_template_then_freely(
    hub: Served, ann: Caller
) -> None:
    ben = await agent(hub, "ben", BEN)
    closed = await ann.post(
        "comms_send_message", {"channel": "whatsapp", "toAgentId": "ben", "body": "Hi"}
    )
    opening = await ann.call(
        "comms_send_message", channel="whatsapp", toAgentId="ben", body="", **HELLO
    )
    await hub.until_status(ann, opening["messageId"], "delivered")
    (came,) = await ben.inbox()
    answered = await tried(ben, "Gladly", to=came["from"], replyTo=came["id"])
    await hub.until_status(ben, answered.json()["messageId"], "delivered")
    free = await tried(ann, "Then to work", to=BEN)
    await hub.until_status(ann, free.json()["messageId"], "delivered")

    assert closed.json()["rule"] == "window"
    assert (came["from"], came["body"]) == (ANN, "Hello Robin, this is Ann. Shall we go on here?")
    newest, *_ = await ben.inbox()
    assert (newest["from"], newest["body"], newest["channel"]) == (ANN, "Then to work", "whatsapp")


async def test_the_demo_gives_its_agents_and_people_whatsapp_addresses(hub: Served) -> None:
    facts = await prepare(hub.running.hub, hub.base_url, hub.data_dir)
    again = await prepare(hub.running.hub, hub.base_url, hub.data_dir)

    assert [each.whatsapp for each in facts.agents] == [ANN, BEN]
    assert facts.handset.whatsapp == HANDSET
    assert again == facts


async def test_an_agent_of_an_earlier_release_gets_its_whatsapp_number(hub: Served) -> None:
    await hub.local("agents_create", id="ava", values={"phone": "+12025550109"})
    await prepare(hub.running.hub, hub.base_url, hub.data_dir)
    numbers = {}
    for channel in ("sms", "whatsapp"):
        listed = await hub.client.get("/demo/agents", params={"channel": channel})
        numbers[channel] = listed.json()["items"][0]["address"]

    assert numbers == {"sms": "+12025550109", "whatsapp": ANN}
