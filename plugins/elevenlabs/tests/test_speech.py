"""What only ElevenLabs does: its requests, its refusals, and sounds that break off on a socket."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from plugins.elevenlabs.tests.double import SOUNDS, Double, Mood, speaking
from plugins.elevenlabs.tests.vendor import (
    ANSWERS,
    CONFIG,
    GEORGE,
    RACHEL,
    page,
    refusal,
    refusal_of_now,
    speaker,
    subscription,
)
from trunkline.sdk import (
    STREAMED,
    AudioFormat,
    AuthFailed,
    Billed,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    TtsProvider,
)
from trunkline.testing import Answer, Canned, Wire, provider_context, sound_of
from trunkline_elevenlabs.plugin import ELEVENLABS
from trunkline_elevenlabs.wire import FORMATS

HELLO = Speech(text="Hello, Ann.", format=AudioFormat.MULAW_8000)


async def said(elevenlabs: TtsProvider, speech: Speech = HELLO) -> list[Sound]:
    return [each async for each in elevenlabs.synthesize(speech)]


async def ask(
    answer: Answer | Sequence[Answer], question: Callable[[TtsProvider], Awaitable[Any]] = said
) -> Any:
    async with (
        Wire(answer).client() as http,
        ELEVENLABS.open(
            ELEVENLABS.config.model_validate(CONFIG), provider_context(http)
        ) as elevenlabs,
    ):
        return await question(elevenlabs)


async def test_minutes_of_speech_come_as_they_are_spoken_and_not_as_one_answer() -> None:
    wire = Wire(Canned(status=200, content=b"\xff", headers={"content-type": "audio/basic"}))
    config = ELEVENLABS.config.model_validate(CONFIG)
    async with wire.client() as http, ELEVENLABS.open(config, provider_context(http)) as elevenlabs:
        await said(elevenlabs)

    assert STREAMED.items() <= wire.requests[0].extensions.items()


@pytest.mark.parametrize("audio_format", FORMATS)
async def test_each_format_comes_as_the_vendor_has_it(audio_format: AudioFormat) -> None:
    async with speaking(Double()) as elevenlabs:
        sounds = await said(elevenlabs, Speech(text="Hello", format=audio_format))

    assert b"".join(each.audio for each in sounds) == SOUNDS[FORMATS[audio_format]]
    assert [each.billed for each in sounds] == [Billed(units=12), *[None] * (len(sounds) - 1)]


async def test_what_is_asked_is_the_text_its_voice_and_its_form_and_nothing_else() -> None:
    double = Double()
    async with speaking(double) as elevenlabs:
        await said(elevenlabs)
        await said(elevenlabs, Speech(text="Hello", voice=RACHEL, language="de-AT"))

    model = {"model_id": "eleven_multilingual_v2"}
    assert double.asked == [
        {**model, "text": "Hello, Ann.", "voice": GEORGE, "output_format": "ulaw_8000"},
        {**model, "text": "Hello", "voice": RACHEL, "output_format": "mp3_44100_128"},
    ]


async def test_a_language_is_told_to_a_model_that_can_be_told_it() -> None:
    double = Double()
    async with speaking(double, model_id="eleven_flash_v2_5", zero_retention=True) as elevenlabs:
        await said(elevenlabs, Speech(text="Servus", language="DE-AT"))
        await said(elevenlabs, Speech(text="Servus"))

    told, untold = double.asked
    assert (told["language_code"], told["enable_logging"]) == ("de", "false")
    assert "language_code" not in untold


@pytest.mark.parametrize("mood", [Mood.HUNG_UP, Mood.SHORT, Mood.RESET])
async def test_a_sound_that_breaks_off_on_the_wire_is_an_unknown_outcome(mood: Mood) -> None:
    async with speaking(Double(mood)) as elevenlabs:
        with pytest.raises(OutcomeUnknown):
            await asyncio.wait_for(said(elevenlabs), 10)


async def test_a_reader_that_goes_away_hangs_up() -> None:
    double = Double(Mood.HELD)
    async with asyncio.timeout(10), speaking(double) as elevenlabs:
        sounds = elevenlabs.synthesize(HELLO)
        assert (await anext(sounds)).audio
        await sounds.aclose()  # type: ignore[attr-defined]
        await double.gone.wait()


async def test_a_wrong_key_and_a_voice_that_is_not_there_are_told_apart() -> None:
    async with speaking(Double(), api_key="sk_other") as elevenlabs:
        with pytest.raises(AuthFailed) as wrong_key:
            await said(elevenlabs)
    async with speaking(Double(), voice="nobody") as elevenlabs:
        with pytest.raises(Rejected) as nobody:
            await said(elevenlabs)

    assert wrong_key.value.provider_code == "invalid_api_key"
    assert nobody.value.provider_code == "voice_not_found"


@pytest.mark.parametrize("voice", ["../voices", "a/b", "George?", "é", "a" * 65, " "])
async def test_a_voice_that_could_lead_elsewhere_is_rejected_before_the_wire(voice: str) -> None:
    double = Double()

    async with speaking(double) as elevenlabs:
        with pytest.raises(Rejected, match="such an id"):
            await said(elevenlabs, Speech(text="Hello", voice=voice))

    assert not double.asked


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(401, "quota_exceeded"), OutOfCredit, "quota_exceeded"),
        (refusal(401, "something_new"), AuthFailed, "something_new"),
        (refusal(403, "something_new"), NotSetUp, "something_new"),
        (refusal(402, "something_new"), OutOfCredit, "something_new"),
        (
            refusal_of_now(402, "payment_required", "paid_plan_required", "payment_required"),
            NotSetUp,
            "paid_plan_required",
        ),
        (refusal(400, "invalid_uid"), Rejected, "invalid_uid"),
        (refusal(404, "something_new"), Rejected, "something_new"),
        (refusal(400, "something_new"), Rejected, "something_new"),
        (refusal(400, "model_not_found"), NotSetUp, "model_not_found"),
        (refusal(408, "something_new"), OutcomeUnknown, "something_new"),
        (refusal(503, "something_new"), OutcomeUnknown, "something_new"),
        (refusal(302, "something_new"), OutcomeUnknown, "something_new"),
        (refusal_of_now(400, "validation_error", "text_too_long"), Rejected, "text_too_long"),
        (refusal_of_now(401, "x", "new", "quota_exceeded"), OutOfCredit, "quota_exceeded"),
        (
            refusal_of_now(401, "x", "insufficient_credits", "old"),
            OutOfCredit,
            "insufficient_credits",
        ),
        (refusal(400, "A sentence, not a code."), Rejected, None),
        (Canned(status=400, json={"detail": "Not Found"}), Rejected, None),
        (Canned(status=401), AuthFailed, None),
    ],
)
async def test_a_refusal_goes_by_its_code_else_by_its_status(
    answer: Canned, error: type[ProviderError], code: str | None
) -> None:
    with pytest.raises(ProviderError) as caught:
        await ask(answer)

    assert type(caught.value) is error
    assert caught.value.provider_code == code


async def test_a_place_that_is_not_there_is_a_voice_that_is_not() -> None:
    with pytest.raises(Rejected, match="no such voice"):
        await ask(Canned(status=404, json={"detail": "Not Found"}))


@pytest.mark.parametrize(
    ("code", "headers", "wait_s", "unavailable"),
    [
        ("too_many_concurrent_requests", {}, 1, False),
        ("too_many_concurrent_requests", {"retry-after": "3"}, 3, False),
        ("system_busy", {}, 5, True),
        ("system_busy", {"retry-after": "9" * 400}, 5, True),
    ],
)
async def test_a_busy_vendor_is_in_trouble_and_an_account_at_its_limit_is_not(
    code: str, headers: dict[str, str], wait_s: float, unavailable: bool
) -> None:
    with pytest.raises(RetryLater) as caught:
        await ask(refusal(429, code, **headers))

    assert (caught.value.retry_after_s, caught.value.unavailable) == (wait_s, unavailable)


@pytest.mark.parametrize("cost", ["", "many", "-3", "1.5", "9" * 5_000])
async def test_a_cost_that_cannot_be_read_is_not_told(cost: str) -> None:
    headers = {"content-type": "audio/mpeg", "character-cost": cost}

    sounds = await ask(Canned(status=200, content=sound_of(AudioFormat.MP3), headers=headers))

    assert [each.billed for each in sounds] == [None] * len(sounds)


async def test_opus_that_is_not_in_ogg_is_no_sound() -> None:
    async def opus(elevenlabs: TtsProvider) -> list[Sound]:
        return await said(elevenlabs, Speech(text="Hello", format=AudioFormat.OGG_OPUS))

    with pytest.raises(OutcomeUnknown):
        await ask(ANSWERS["mp3"], opus)


@pytest.mark.parametrize(
    "pages",
    [
        [Canned(status=200, json={"voices": [speaker(GEORGE, "George")], "has_more": True})],
        [page(speaker(GEORGE, "George"), token="t1")],
        [page(speaker(GEORGE, "George"), token="t1"), Canned(status=200, json={})],
    ],
    ids=["no token", "no end", "unreadable"],
)
async def test_voices_that_cannot_be_read_to_the_last_are_an_unknown_outcome(
    pages: list[Answer],
) -> None:
    with pytest.raises(OutcomeUnknown):
        await ask(pages, lambda elevenlabs: elevenlabs.voices())


async def test_a_voice_without_a_name_goes_by_its_id() -> None:
    nameless = [{"voice_id": GEORGE, "name": None}, {"voice_id": RACHEL}]
    answer = Canned(status=200, json={"voices": nameless, "has_more": False})

    voices = await ask(answer, lambda elevenlabs: elevenlabs.voices())

    assert [(each.id, each.name) for each in voices] == [(GEORGE, GEORGE), (RACHEL, RACHEL)]


async def test_voices_are_asked_for_a_hundred_at_a_time_and_page_by_page() -> None:
    wire = Wire(ANSWERS["voices"])
    async with wire.client() as http:
        config = ELEVENLABS.config.model_validate(CONFIG)
        async with ELEVENLABS.open(config, provider_context(http)) as elevenlabs:
            await elevenlabs.voices()

    asked = [dict(request.url.params) for request in wire.requests]
    assert [each.pop("next_page_token", None) for each in asked] == [None, "t1", "t2"]
    assert asked == [{"page_size": "100", "include_total_count": "false"}] * 3


@pytest.mark.parametrize(("used", "notes"), [(99_999, 0), (100_000, 1), (130_000, 1)])
async def test_an_account_says_that_its_credits_are_used_up(used: int, notes: int) -> None:
    account = await ask(subscription(used), lambda elevenlabs: elevenlabs.verify())

    assert len(account.notes) == notes


async def test_an_account_that_has_used_nothing_owes_nothing() -> None:
    answer = subscription(0)
    assert isinstance(answer.json, dict)
    told = {name: value for name, value in answer.json.items() if name != "has_open_invoices"}

    account = await ask(Canned(status=200, json=told), lambda elevenlabs: elevenlabs.verify())
    quota = await ask(Canned(status=200, json=told), lambda elevenlabs: elevenlabs.quota())

    assert account.notes == ()
    assert (quota.used, quota.limit) == (0, 100_000)


@pytest.mark.parametrize("field", ["character_count", "character_limit"])
async def test_a_quota_below_nothing_is_an_unknown_outcome(field: str) -> None:
    with pytest.raises(OutcomeUnknown):
        await ask(subscription(**{field: -1}), lambda elevenlabs: elevenlabs.quota())
