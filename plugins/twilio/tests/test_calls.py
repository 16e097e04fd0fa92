"""Calls as Twilio wants them: what is asked of it, word for word, and what must not be."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import canonicalize

import pytest
from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from plugins.twilio.tests.calls_vendor import (
    CALL_ANSWERS,
    CALL_REPORTED,
    CALL_SID,
    CALLED,
    CALLS,
    GONE,
    MEDIUM,
    RECORDED,
    RECORDING,
    VOICE_URL,
    call,
)
from plugins.twilio.tests.loopback import Api, ask
from plugins.twilio.tests.vendor import ACCOUNT, CONFIG, HUB, PERSON, SENT_AT, refusal, webhook
from trunkline.sdk import (
    CallReported,
    CallStatus,
    CallStep,
    Decline,
    HangUp,
    Media,
    NotSetUp,
    OutboundCall,
    OutcomeUnknown,
    Pause,
    Play,
    ProviderError,
    Record,
    Recorded,
    Rejected,
    RetryLater,
    TelephonyProvider,
)
from trunkline.testing import Answer, BaseCallConformance, Canned, Wire, provider_context
from trunkline_twilio.callbacks import RETRIES, with_retries
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import open_twilio
from trunkline_twilio.twiml import twiml
from trunkline_twilio.webhooks import TwilioWebhooks

CALL: OutboundCall = BaseCallConformance.call
ADAPTER = TwilioWebhooks()
URL = "https://hub.example/a?b=1&c=<d>\"e'é"
LONG = "https://hub.example/" + "x" * 1900


async def asked(question: Any, *answers: Answer) -> tuple[Wire, Any]:
    """Return what Twilio was asked, and what came of it."""
    wire = Wire(answers)
    config = TwilioConfig.model_validate(CONFIG)
    async with wire.client() as http, open_twilio(config, provider_context(http)) as twilio:
        try:
            return wire, await question(twilio)
        except ProviderError as error:
            return wire, error


async def read(twilio: TelephonyProvider, url: str) -> bytes:
    return b"".join([piece async for piece in twilio.fetch_media(Media(url=url))])


# --- placing --------------------------------------------------------------------------------------


async def test_a_call_is_asked_for_with_all_that_is_known_of_it() -> None:
    wire, _ = await asked(
        lambda each: each.place_call(replace(CALL, finds_machine=True)),
        CALL_ANSWERS["call_accepted"],
    )

    assert wire.requests[0].url.path == f"{CALLS}.json"
    assert parse_qsl(wire.requests[0].content.decode()) == [
        ("To", PERSON),
        ("From", HUB),
        ("Twiml", twiml(CALL.steps)),
        ("Timeout", "40"),
        ("TimeLimit", "600"),
        ("MachineDetection", "DetectMessageEnd"),
        ("StatusCallback", f"{CALL.status_url}{RETRIES}"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ]


async def test_a_call_goes_out_from_a_number_where_texts_go_out_from_a_name() -> None:
    wire = Wire(CALL_ANSWERS["call_accepted"])
    config = TwilioConfig.model_validate(
        {**CONFIG, "sender_name": "Ava", "sender_name_prefixes": ["+1"]}
    )
    async with wire.client() as http, open_twilio(config, provider_context(http)) as twilio:
        await twilio.place_call(CALL)

    assert dict(parse_qsl(wire.requests[0].content.decode()))["From"] == HUB


async def test_what_is_longer_than_twilio_takes_is_refused_before_the_wire() -> None:
    steps = tuple(Play(media=Media(url=LONG)) for _ in range(3))

    wire, error = await asked(
        lambda each: each.place_call(replace(CALL, steps=steps)), CALL_ANSWERS["call_accepted"]
    )

    assert isinstance(error, Rejected)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21212, NotSetUp),
        (400, 21215, NotSetUp),
        (400, 21219, NotSetUp),
        (400, 13224, Rejected),
        (429, 10004, RetryLater),
        (400, 99999, Rejected),
        (503, 20503, OutcomeUnknown),
    ],
)
async def test_a_refused_call_says_what_to_do_about_calls(
    status: int, code: int, expected: type[ProviderError]
) -> None:
    _, error = await asked(lambda each: each.place_call(CALL), refusal(status, code))

    assert isinstance(error, expected)
    assert error.provider_code == str(code)
    assert "text" not in str(error)


# --- TwiML ----------------------------------------------------------------------------------------


def by_twilio(steps: tuple[CallStep, ...]) -> str:
    """Return what Twilio's own package makes of it."""
    response = VoiceResponse()
    for step in steps:
        match step:
            case Play(media=media):
                response.play(media.url)
            case Record(url=url):
                told = with_retries(url) if url else None
                response.record(
                    action=told,
                    recording_status_callback=told,
                    recording_status_callback_event="completed absent" if told else None,
                    max_length=step.max_duration_s,
                    timeout=step.silence_s,
                    play_beep=step.beep,
                    trim="trim-silence",
                )
            case Pause(duration_s=duration_s):
                response.pause(length=duration_s)
            case HangUp():
                response.hangup()
            case Decline(busy=busy):
                response.reject(reason="busy" if busy else "rejected")
    return str(response)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Play(media=Media(url=URL)),),
        (Record(url=URL, max_duration_s=60, silence_s=3, beep=False),),
        (Record(url=None),),
        (Pause(duration_s=2), Play(media=Media(url=URL)), Record(url=URL), HangUp()),
        (Decline(),),
        (Decline(busy=True),),
    ],
)
def test_twilios_own_package_writes_the_same(steps: tuple[CallStep, ...]) -> None:
    assert canonicalize(twiml(steps)) == canonicalize(by_twilio(steps))


# --- those placed earlier -------------------------------------------------------------------------


async def test_a_message_and_a_call_are_asked_for_apart() -> None:
    wire, _ = await asked(lambda each: each.fetch(CALL_SID), refusal(404, 20404))
    assert "/Messages/" in wire.requests[0].url.path

    wire, _ = await asked(lambda each: each.fetch_call(CALL_SID), refusal(404, 20404))
    assert "/Calls/" in wire.requests[0].url.path


async def test_a_call_that_waits_in_twilios_queue_is_listed() -> None:
    page = Canned(status=200, json={"calls": [call(start_time=None)], "next_page_uri": None})

    wire, found = await asked(lambda each: each.find_calls(HUB, PERSON, SENT_AT), page)

    assert [each.provider_id for each in found] == [CALL_SID]
    assert "StartTime" not in str(wire.requests[0].url)


async def test_a_list_of_calls_leads_nowhere_but_to_the_api() -> None:
    page = Canned(status=200, json={"calls": [], "next_page_uri": "@thief.example/?PageToken=1"})

    wire, error = await asked(lambda each: each.find_calls(HUB, PERSON, SENT_AT), page)

    assert isinstance(error, OutcomeUnknown)
    assert {each.url.host for each in wire.requests} == {"api.twilio.com"}


async def test_a_call_is_ended_whether_it_was_answered_or_not() -> None:
    wire, _ = await asked(lambda each: each.hang_up(CALL_SID), CALL_ANSWERS["call_ended"])

    assert wire.requests[0].url.path == f"{CALLS}/{CALL_SID}.json"
    assert parse_qsl(wire.requests[0].content.decode()) == [("Status", "completed")]


async def test_a_call_that_twilio_does_not_know_is_not_said_to_be_over() -> None:
    _, error = await asked(lambda each: each.hang_up(CALL_SID), refusal(404, 20404))

    assert isinstance(error, Rejected)


# --- what it tells --------------------------------------------------------------------------------


def told(**changes: str) -> Any:
    (event,) = ADAPTER.parse(webhook({**CALL_REPORTED, **changes}))
    return event


def test_a_call_that_came_in_and_is_over_is_a_report() -> None:
    event = told(Direction="inbound", CallStatus="completed", From=PERSON, To=HUB)

    assert isinstance(event, CallReported)
    assert event.call_status is CallStatus.COMPLETED


def test_a_report_that_a_call_rings_is_no_call_that_comes_in() -> None:
    assert isinstance(told(Direction="inbound", CallStatus="ringing"), CallReported)


def test_codes_of_sip_say_nothing_of_a_call() -> None:
    assert told(SipResponseCode="486").error_code is None


@pytest.mark.parametrize(
    "sender",
    [
        "sip:ann@pbx.example",
        "sip:ann@pbx.example:5060;transport=UDP",
        "client:ann",
        "+266696687",
        "anonymous",
        "",
    ],
)
def test_whoever_calls_is_told_of(sender: str) -> None:
    (event,) = ADAPTER.parse(webhook({**CALLED, "From": sender}, VOICE_URL))

    assert event.sender in {sender, "anonymous"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "broken",
    [
        {**CALLED, "CallSid": "CA1"},
        {**CALLED, "From": f"{PERSON}FromCityBERLIN"},
        {**CALLED, "To": "12345"},
        {**CALL_REPORTED, "CallStatus": "completedTo+14155550177"},
        {**CALL_REPORTED, "CallDuration": "some"},
        {**CALL_REPORTED, "Timestamp": "yesterday"},
        {**RECORDED, "RecordingSid": "RE1"},
        {**RECORDED, "RecordingUrl": "file:///etc/passwd"},
        {**RECORDED, "RecordingStatus": "pondering"},
    ],
)
def test_what_is_not_of_its_form_is_not_guessed_at(broken: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ADAPTER.parse(webhook(broken))


@pytest.mark.parametrize("at", ["Thu, 15 Jan 2026 12:00:00 -0000", "2026-01-15T12:00:00Z"])
def test_a_time_is_read_in_whichever_form_it_comes(at: str) -> None:
    assert told(Timestamp=at).occurred_at == datetime(2026, 1, 15, 12, tzinfo=UTC)


def test_a_recording_whose_length_twilio_does_not_know_has_none() -> None:
    (event,) = ADAPTER.parse(webhook({**RECORDED, "RecordingDuration": "-1"}))

    assert isinstance(event, Recorded)
    assert (event.media is not None, event.duration_s) == (True, None)


@pytest.mark.parametrize("status", ["in-progress", "processing"])
def test_a_recording_that_is_on_its_way_is_no_news(status: str) -> None:
    assert ADAPTER.parse(webhook({**RECORDED, "RecordingStatus": status})) == []


def test_a_call_that_asks_how_to_go_on_is_told_to_end() -> None:
    asks = {name: value for name, value in RECORDED.items() if name != "RecordingStatus"}

    reply = ADAPTER.reply(webhook({**asks, "CallStatus": "in-progress"}))

    assert (reply.content_type, reply.body) == ("text/xml", b"<Response/>")


# --- files ----------------------------------------------------------------------------------------


async def test_a_recording_is_read_as_wav_and_deleted_by_its_name() -> None:
    wire, sound = await asked(
        lambda each: read(each, RECORDING), Canned(status=200, content=b"RIFF")
    )
    assert (str(wire.requests[0].url), sound) == (f"{RECORDING}.wav", b"RIFF")

    wire, _ = await asked(
        lambda each: each.delete_media(Media(url=f"{RECORDING}.wav")), Canned(status=204)
    )
    assert (wire.requests[0].method, str(wire.requests[0].url)) == ("DELETE", f"{RECORDING}.json")


@pytest.mark.parametrize(
    "url",
    [
        RECORDING.replace(ACCOUNT, f"AC{'9' * 32}"),
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}.json",
        f"{RECORDING}/../../Messages",
        f"{RECORDING}/Transcriptions",
        "https://thief.example/a.jpg",
        "https://api.twilio.com:port/",
    ],
)
async def test_what_is_no_file_of_the_account_is_neither_read_nor_deleted(url: str) -> None:
    for question in (
        lambda each: read(each, url),
        lambda each: each.delete_media(Media(url=url)),
    ):
        wire, error = await asked(question, Canned(status=200))

        assert isinstance(error, Rejected)
        assert wire.requests == []


async def test_a_file_that_another_host_names_is_read_from_the_api_alone() -> None:
    wire, _ = await asked(
        lambda each: read(each, MEDIUM.url.replace("api.twilio.com", "thief.example")), GONE
    )

    assert {each.url.host for each in wire.requests} == {"api.twilio.com"}


async def test_a_file_that_is_shorter_than_it_says_is_not_whole() -> None:
    api = Api(answer=b"half of it", promised=20)

    with api.serving() as url, pytest.raises(OutcomeUnknown):
        await ask(url, open_twilio, lambda each: read(each, RECORDING))
