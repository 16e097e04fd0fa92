"""What only Edge's service does: stretches, frames that are none, handshakes, and silence."""

from collections.abc import Awaitable, Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest

from plugins.edgetts.tests.double import EMMA, KATJA, LIAONING, MP3, Answer, Double, framed
from trunkline.sdk import (
    AudioFormat,
    Billed,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    TtsProvider,
)
from trunkline.testing import DROP_AFTER, Ending, Wire, provider_context
from trunkline_edgetts.plugin import EDGETTS
from trunkline_edgetts.stretches import LONGEST, stretches_of

NOWHERE = [{"ShortName": "x", "FriendlyName": "X", "Locale": ""}]
TWO_STRETCHES = "One sentence after the other. " * 40


async def ask(double: Double, question: Callable[[TtsProvider], Awaitable[Any]]) -> Any:
    config = EDGETTS.config.model_validate({})
    async with (
        double.serving(),
        Wire(()).client() as http,
        EDGETTS.open(config, provider_context(http)) as edge,
    ):
        return await question(edge)


async def speak(double: Double, text: str = "Hello, Ann.", voice: str | None = None) -> list[Sound]:
    async def said(edge: TtsProvider) -> list[Sound]:
        return [each async for each in edge.synthesize(Speech(text=text, voice=voice))]

    sounds: list[Sound] = await ask(double, said)
    return sounds


@pytest.mark.parametrize(
    "text",
    [
        TWO_STRETCHES,
        "\u4f60\u597d\u3002" * 900,
        "\u4f60" * 3_000,
        "&<>" * 1_000,
        "x" * 2_500,
        "👩\u200d👧 " * 500,
        "a\n" * 1_000,
        " b " * 900,
    ],
    ids=["sentences", "chinese", "no end", "escaped", "a word", "emoji", "lines", "blanks"],
)
def test_a_text_is_cut_into_stretches_that_the_service_takes_and_nothing_is_lost(text: str) -> None:
    stretches = [*stretches_of(text)]

    assert "".join("".join(stretches).split()) == "".join(text.split())
    assert all(0 < len(each) <= LONGEST for each in stretches)
    assert all(len(escape(each).encode()) <= 4_096 for each in stretches)


def test_a_cut_is_made_after_a_sentence_else_after_a_word() -> None:
    first, second = stretches_of(f"{'word ' * 100}. {'other ' * 60}")
    assert (first[-1], second[:5]) == (".", "other")

    first, second = stretches_of("word " * 200)
    assert (first[-4:], second[:4]) == ("word", "word")
    assert [*stretches_of("  \n ")] == []


async def test_a_long_text_is_spoken_in_its_order_and_is_free() -> None:
    double = Double(Answer())

    sounds = await speak(double, TWO_STRETCHES)

    assert [each["text"] for each in double.requests] == [*stretches_of(TWO_STRETCHES)]
    assert b"".join(each.audio for each in sounds) == MP3 * 2
    assert [each.billed for each in sounds if each.billed] == [
        Billed(cost_micros=0, currency="USD")
    ]


@pytest.mark.parametrize("between", [f"\n{'-' * 1_500}\n", ". " * 900, "😀" * 1_700])
async def test_a_stretch_with_nothing_to_speak_is_left_out(between: str) -> None:
    double = Double(Answer())

    assert await speak(double, f"Report:{between}The end")

    asked = [each["text"] for each in double.requests]
    assert all(any(map(str.isalnum, each)) for each in asked)
    assert ("Report" in asked[0], "The end" in asked[-1]) == (True, True)
    assert len(asked) < len([*stretches_of(f"Report:{between}The end")])


@pytest.mark.parametrize("cut_at", [0, 1])
async def test_a_stretch_that_breaks_off_does_not_pass_for_a_whole_one(cut_at: int) -> None:
    double = Double(Answer(), Ending.CUT, cut_at)

    with pytest.raises(OutcomeUnknown):
        await speak(double, TWO_STRETCHES)

    assert len(double.requests) == cut_at + 1


@pytest.mark.parametrize("voice", [EMMA, KATJA, LIAONING])
async def test_a_voice_speaks_by_the_name_that_it_is_listed_by(voice: str) -> None:
    double = Double(Answer())

    assert await speak(double, voice=voice)

    (asked,) = double.requests
    assert asked["voice"] == voice


@pytest.mark.parametrize(
    "voice",
    [
        "Emma",
        " ",
        "en-US-x'/><voice name='yNeural",
        "Microsoft Server Speech Text to Speech Voice (en-US, Emma)",
        f"{EMMA}\n",
        "en-US-" + "x" * 100 + "Neural",
    ],
)
async def test_a_voice_that_could_change_what_is_asked_is_rejected_before_the_wire(
    voice: str,
) -> None:
    double = Double(Answer())

    with pytest.raises(Rejected):
        await speak(double, voice=voice)

    assert not double.tries


@pytest.mark.parametrize("text", ["...", "👍", " - ", "\n"])
async def test_a_text_with_nothing_to_speak_is_rejected_before_the_wire(text: str) -> None:
    double = Double(Answer())

    with pytest.raises(Rejected):
        await speak(double, text)

    assert not double.tries


async def test_characters_that_the_service_does_not_take_are_blanks() -> None:
    double = Double(Answer())

    assert await speak(double, "a\x0bb\x00")

    (asked,) = double.requests
    assert asked["text"] == "a b"


async def test_a_handshake_that_is_refused_is_trouble_of_the_whole_service() -> None:
    double = Double(Answer(status=403))

    with pytest.raises(RetryLater) as caught:
        await speak(double)

    assert caught.value.unavailable
    assert caught.value.retry_after_s == 30
    assert double.tries == 2  # the library sets its clock by the answer, and tries again
    assert not double.requests


async def test_a_clock_that_the_service_does_not_tell_is_trouble_too() -> None:
    double = Double(Answer(status=403, headers={"Date": "soon"}))

    with pytest.raises(RetryLater) as caught:
        await speak(double)

    assert (caught.value.unavailable, caught.value.provider_code) == (True, "403")


async def test_an_address_that_asks_too_often_waits_and_the_service_is_not_in_trouble() -> None:
    with pytest.raises(RetryLater) as caught:
        await speak(Double(Answer(status=429)))

    assert (caught.value.unavailable, caught.value.retry_after_s) == (False, 30)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\xff\xff",
        b"\x00\x04abc\n" + MP3,
        framed(MP3, path="video"),
        framed(MP3, content_type="audio/wav"),
        framed(MP3, content_type=None),
        framed(b""),
    ],
)
async def test_a_frame_that_is_none_is_an_unknown_outcome(frame: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await speak(Double(Answer(frame=frame)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Path:other\r\n\r\n{}",
        "Path:audio.metadata\r\n\r\n{",
        "Path:audio.metadata\r\n\r\n{}",
        'Path:audio.metadata\r\n\r\n{"Metadata": [{"Type": "New"}]}',
        'Path:audio.metadata\r\n\r\n{"Metadata": []}',
        'Path:audio.metadata\r\n\r\n{"Metadata": 7}',
    ],
)
async def test_a_message_that_cannot_be_read_is_an_unknown_outcome(text: str) -> None:
    with pytest.raises(OutcomeUnknown):
        await speak(Double(Answer(text=text)))


async def test_what_is_no_frame_at_all_is_an_unknown_outcome() -> None:
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await speak(Double(Answer(raw=b"\xf7\x80" + bytes(200))))


@pytest.mark.parametrize(
    ("answer", "voice", "error"),
    [
        (Answer(sound=b""), EMMA, OutcomeUnknown),
        (Answer(sound=b""), "xx-XX-NobodyNeural", Rejected),
        (Answer(sound=b"", speakers={}), "xx-XX-NobodyNeural", OutcomeUnknown),
        (DROP_AFTER, EMMA, OutcomeUnknown),
    ],
    ids=["silent", "not listed", "list unreadable", "gone"],
)
async def test_silence_is_the_voices_fault_only_if_there_is_no_such_voice(
    answer: object, voice: str, error: type[ProviderError]
) -> None:
    with pytest.raises(error):
        await speak(Double(answer), voice=voice)


@pytest.mark.parametrize(
    "speakers", [{}, 7, [7], [{"ShortName": ""}], [{"ShortName": "x"}], None, NOWHERE]
)
async def test_a_list_of_voices_that_cannot_be_read_is_an_unknown_outcome(speakers: object) -> None:
    with pytest.raises(OutcomeUnknown):
        await ask(Double(Answer(speakers=speakers)), lambda edge: edge.voices())


async def test_only_mp3_is_spoken() -> None:
    double = Double(Answer())

    async def in_wav(edge: TtsProvider) -> Any:
        return await anext(edge.synthesize(Speech(text="Hello", format=AudioFormat.WAV)))

    with pytest.raises(Rejected):
        await ask(double, in_wav)

    assert not double.tries
