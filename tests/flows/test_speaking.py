"""Voice messages: a text is spoken once, by whoever can, and then handed over as any message is."""

from datetime import date
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.speakers import Phones, Speaker, slots, with_voices
from trunkline.core.connections.breaker import FAILURES
from trunkline.sdk import (
    AuthFailed,
    Billed,
    HangUp,
    OutcomeUnknown,
    OutOfCredit,
    Play,
    PriceList,
    Record,
    RetryLater,
)


async def ann_of(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"phone": ALICE, "whatsapp": ALICE})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def say(ann: Caller, text: str = "Your parcel is here.", **more: Any) -> Any:
    arguments = {"to": BOB, "text": text, "deliveryChannel": "phone_call", **more}
    return await ann.post("comms_send_voice_message", arguments)


async def test_a_text_is_spoken_and_a_phone_call_plays_it(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one", told=Billed(units=20, cost_micros=6_000, currency="USD"))
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        answer = (await say(ann)).json()
        (call,) = phones.calls
        (played, *rest) = call.steps
        assert isinstance(played, Play)
        heard = await hub.client.get(played.media.url)
        listened = await hub.client.get(answer["audioUrl"])
        traced = await ann.status(answer["messageId"])
        use = await ann.call("comms_get_channel_status")
        stored = hub.rows("SELECT * FROM usage_logs WHERE action_type != 'message'")
        async with ann.mcp() as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    jsonschema.validate(answer, tools["comms_send_voice_message"].output_schema)
    assert (answer["deliveryStatus"], answer["durationSeconds"]) == ("sent", 2.0)
    assert (answer["cost"], answer["currency"]) == (0.006, "USD")
    assert rest == [HangUp()]
    assert (call.sender, call.recipient, call.body) == (ALICE, BOB, "Your parcel is here.")
    assert heard.content[:4] == b"RIFF"
    assert heard.headers["content-type"] == "audio/wav"
    assert heard.content == listened.content
    assert (traced["status"], traced["cost"], use["monthlyCost"]) == ("sent", 0.006, 0.006)
    assert traced["parts"] == [
        {"part": "speech", "connection": "one", "units": 20, "cost": 0.006, "currency": "USD"}
    ]
    assert [(each["action_type"], each["message_id"]) for each in stored] == [
        ("speech", answer["messageId"])
    ]


async def test_a_call_is_expected_to_cost_as_many_minutes_as_it_speaks(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one", seconds=70)
    phones.prices = PriceList(
        currency="USD",
        source="a test",
        checked_on=date(2026, 11, 30),
        call_minute_micros={"*": 14_000},
    )
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        answer = (await say(await ann_of(hub))).json()

    assert (answer["durationSeconds"], answer["cost"]) == (70.0, 0.028)


async def test_the_same_text_is_spoken_once(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        first = (await say(ann, idempotencyKey="1")).json()
        again = (await say(ann, idempotencyKey="1")).json()
        second = (await say(ann, idempotencyKey="2")).json()
        other = (await say(ann, "Something else.")).json()

    assert (again["replayed"], again["messageId"]) == (True, first["messageId"])
    assert second["messageId"] != first["messageId"]
    assert other["deliveryStatus"] == "sent"
    assert [each.text for each in one.asked] == ["Your parcel is here.", "Something else."]
    assert len(phones.calls) == 3


async def test_an_owner_may_have_every_text_spoken_anew(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    anew = {"TRUNKLINE_VOICE__REUSE_HOURS": "0"}
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one), environ=anew) as hub:
        ann = await ann_of(hub)
        for key in ("1", "2"):
            assert (await say(ann, idempotencyKey=key)).status_code == 200

    assert len(one.asked) == 2


@pytest.mark.parametrize(
    "error",
    [
        OutOfCredit("The quota is used up."),
        AuthFailed("The key is wrong."),
        RetryLater("It is busy.", unavailable=True),
        OutcomeUnknown("It broke off."),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_next_voice_stands_in_and_an_operator_hears_of_it(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    phones, one, two = Phones(), Speaker("one", script=[error]), Speaker("two")
    async with start_hub(plugins=with_voices(phones, one, two), toml=slots(one, two)) as hub:
        ann, admin = await ann_of(hub), await hub.admin()
        answer = (await say(ann, voice="ann")).json()
        metrics = (await admin.get("/metrics")).text

    told = capsys.readouterr().err
    assert answer["deliveryStatus"] == "sent"
    assert ([each.voice for each in one.asked], [each.voice for each in two.asked]) == (
        ["ann"],
        [None],
    )
    assert "speech.switched_provider" in told
    assert "parcel" not in told
    assert 'comms_failovers_total{from="one",to="two"} 1.0' in metrics


async def test_a_voice_that_fails_now_and_then_is_asked_again_each_time(
    start_hub: StartHub,
) -> None:
    away = RetryLater("It is away.", unavailable=True)
    phones, one, two = Phones(), Speaker("one", script=[away, None] * FAILURES), Speaker("two")
    async with start_hub(plugins=with_voices(phones, one, two), toml=slots(one, two)) as hub:
        ann = await ann_of(hub)
        for number in range(2 * FAILURES):
            assert (await say(ann, f"Parcel {number}.")).status_code == 200

    assert (len(one.asked), len(two.asked)) == (2 * FAILURES, FAILURES)


async def test_what_breaks_off_in_the_middle_is_spoken_anew_from_the_beginning(
    start_hub: StartHub,
) -> None:
    phones, one, two = Phones(), Speaker("one", breaks_off=True), Speaker("two")
    async with start_hub(plugins=with_voices(phones, one, two), toml=slots(one, two)) as hub:
        ann = await ann_of(hub)
        answer = (await say(ann)).json()
        media = hub.rows("SELECT state FROM media")

    assert (answer["deliveryStatus"], answer["durationSeconds"]) == ("sent", 2.0)
    assert media == [{"state": "stored"}]


async def test_what_was_charged_for_speech_that_broke_off_is_an_agents_cost_and_no_messages(
    start_hub: StartHub,
) -> None:
    told = Billed(units=20, cost_micros=6_000, currency="USD")
    phones, one, two = Phones(), Speaker("one", breaks_off=True, told=told), Speaker("two")
    async with start_hub(plugins=with_voices(phones, one, two), toml=slots(one, two)) as hub:
        ann = await ann_of(hub)
        answer = (await say(ann)).json()
        stored = hub.rows(
            "SELECT action_type AS part, connection, cost, message_id FROM usage_logs "
            "WHERE action_type != 'message' ORDER BY id"
        )
        use = await ann.call("comms_get_channel_status")

    broken = {"part": "speech", "connection": "one", "cost": 6_000, "message_id": None}
    whole = {"part": "speech", "connection": "two", "cost": None, "message_id": answer["messageId"]}
    assert stored == [broken, whole]
    assert use["monthlyCost"] == 0.006


async def test_what_nobody_speaks_now_is_not_sent(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one", script=[RetryLater("It is busy.", retry_after_s=7)])
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        answer = await say(ann, idempotencyKey="1")
        messages = hub.count("messages")
        later = (await say(ann, idempotencyKey="1")).json()

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retryAfterS"]) == (503, "not_spoken", 7)
    assert "'one': It is busy." in problem["detail"]
    assert messages == 0
    assert (later["deliveryStatus"], later["replayed"]) == ("sent", False)


async def test_a_template_is_spoken_as_it_comes_to(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        texts = [{"language": "en", "body": "Hello {{name}}."}]
        await hub.local("templates_set", id="greeting", texts=texts)
        message = {"channel": "voice", "to": BOB, "body": "", "templateId": "greeting"}
        answer = await ann.post("comms_send_message", {**message, "templateVars": {"name": "Bo"}})

    assert answer.status_code == 200, answer.text
    assert [each.text for each in one.asked] == ["Hello Bo."]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"text": "x" * 51}, "text"),
        ({"text": " "}, "text"),
        ({"text": "..."}, "text"),
        ({"text": "😀"}, "text"),
        ({"text": "x" * 100_000}, "text"),
        ({"deliveryChannel": "whatsapp_audio", "recordResponse": True}, "recordResponse"),
    ],
)
async def test_what_cannot_be_spoken_is_said_before_anything_is_sent(
    start_hub: StartHub, more: dict[str, Any], field: str
) -> None:
    phones, one = Phones(), Speaker("one", most=50)
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        answer = await say(ann, **{"text": "Hello.", **more})
        messages = hub.count("messages")

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (messages, phones.calls) == (0, [])


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"text": ""}, "text: it cannot be empty."),
        ({"to": None}, "to: give exactly one of to and toAgentId."),
        ({"voice": "nobody"}, "`trunkline providers voices one` lists them."),
        ({"deliveryChannel": "whatsapp_audio"}, "by comms_send_message with its templateId."),
    ],
)
async def test_a_refusal_advises_nothing_that_the_tool_cannot_do(
    start_hub: StartHub, more: dict[str, Any], sentence: str
) -> None:
    phones, one = Phones(), Speaker("one")
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        answer = await say(await ann_of(hub), **more)

    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(sentence)


async def test_an_operator_lists_the_voices_of_a_connection(start_hub: StartHub) -> None:
    phones, one, mute = Phones(), Speaker("one"), Speaker("mute", voices=())
    toml = slots(one, mute)
    async with start_hub(plugins=with_voices(phones, one, mute), toml=toml) as hub:
        listed = await hub.local("providers_voices", connection="one")
        untold = await hub.local("providers_voices", connection="mute")
        refused = await hub.operator.post(
            "/api/v1/tools/providers_voices", json={"connection": "phones"}
        )

    assert listed == {
        "voices": [{"id": "ann", "name": "Ann", "languages": ["en-US"]}],
        "fault": None,
    }
    assert (untold["voices"], bool(untold["fault"])) == ([], True)
    assert "those that do: one, mute." in refused.json()["detail"]


async def test_without_a_voice_it_says_what_to_install(start_hub: StartHub) -> None:
    phones = Phones()
    async with start_hub(plugins=with_voices(phones), toml=slots()) as hub:
        answer = await say(await ann_of(hub))

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")
    assert "tts" in answer.json()["detail"]


async def test_nothing_is_spoken_that_a_provider_could_not_fetch(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    plugins = with_voices(phones, one)
    async with start_hub(plugins=plugins, toml=slots(one), public=False) as hub:
        answer = await say(await ann_of(hub))

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")
    assert "server.public_url" in answer.json()["detail"]
    assert (one.asked, phones.calls) == ([], [])


async def test_what_the_gate_stops_is_not_spoken(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one)) as hub:
        ann = await ann_of(hub)
        closed = await say(ann, deliveryChannel="whatsapp_audio")  # they have not written
        blocked = hub.rows("SELECT status, cost FROM messages")

    assert (closed.status_code, closed.json()["code"]) == (422, "out_of_window")
    assert (one.asked, phones.chats) == ([], [])
    assert blocked == [{"status": "blocked", "cost": 0}]


async def test_an_answer_is_recorded_after_a_notice_of_that(start_hub: StartHub) -> None:
    phones, one = Phones(), Speaker("one")
    told = {"TRUNKLINE_VOICE__RECORD_NOTICE": "We listen to what you say."}
    async with start_hub(plugins=with_voices(phones, one), toml=slots(one), environ=told) as hub:
        ann = await ann_of(hub)
        assert (await say(ann, recordResponse=True)).status_code == 200

    (call,) = phones.calls
    assert [type(each) for each in call.steps][:3] == [Play, Play, Record]
    assert [each.text for each in call.steps if isinstance(each, Play)] == [
        "Your parcel is here.",
        "We listen to what you say.",
    ]
    assert [each.text for each in one.asked] == [
        "Your parcel is here.",
        "We listen to what you say.",
    ]
