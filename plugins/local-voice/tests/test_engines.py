"""Speech of the engines that this machine has, and what its programs are given and leave behind."""

import asyncio
import io
import os
import shutil
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from trunkline.sdk import (
    AudioFormat,
    NotConfigured,
    Recording,
    Rejected,
    Speech,
    Voice,
)
from trunkline_local_voice import engines, plugin
from trunkline_local_voice.child import running
from trunkline_local_voice.config import EngineName
from trunkline_local_voice.engines import Engine, found
from trunkline_local_voice.recogniser import PROGRAM, LocalRecogniser
from trunkline_local_voice.scripts import language_of
from trunkline_local_voice.speech import LocalSpeech

CALL_ME = "Please call me back after three o'clock."
PHRASES = (CALL_ME, "Yes, please.", "No, thank you.", "Call me tomorrow.")


def speech(name: EngineName) -> LocalSpeech:
    """Return the voice of one engine, if this machine has it."""
    try:
        return LocalSpeech(found(name), None)
    except NotConfigured:
        pytest.skip(f"{name} is not installed")


async def spoken(voice: LocalSpeech, text: str = CALL_ME, language: str | None = None) -> bytes:
    sounds = voice.synthesize(Speech(text=text, format=AudioFormat.WAV, language=language))
    return b"".join([each.audio async for each in sounds])


async def heard(audio: bytes, phrases: tuple[str, ...] = PHRASES) -> str:
    async def whole() -> AsyncIterator[bytes]:
        yield audio

    recording = Recording(audio=whole(), format=AudioFormat.WAV, phrases=phrases)
    return (await LocalRecogniser(PROGRAM).transcribe(recording)).text


def seconds(audio: bytes) -> float:
    with wave.open(io.BytesIO(audio)) as file:
        rate: int = file.getframerate()
    return (len(audio) - 44) / 2 / rate


@pytest.mark.parametrize("name", EngineName)
async def test_what_an_engine_speaks_is_understood(name: EngineName) -> None:
    audio = await spoken(speech(name))

    assert 1 < seconds(audio) < 5
    pytest.importorskip("pocketsphinx")
    assert await heard(audio) == CALL_ME


@pytest.mark.parametrize("name", EngineName)
async def test_an_engine_has_voices_and_speaks_english_by_itself(name: EngineName) -> None:
    voice = speech(name)

    voices = await voice.voices()

    assert len({each.id for each in voices}) == len(voices) > 2
    assert any(each.languages[0].lower().startswith("en") for each in voices)


@pytest.mark.parametrize("name", [EngineName.ESPEAK, EngineName.LOADER])
async def test_another_language_sounds_different(name: EngineName) -> None:
    voice = speech(name)

    assert await spoken(voice, "Guten Morgen", "de-AT") != await spoken(voice, "Guten Morgen")


@pytest.mark.parametrize("name", [EngineName.ESPEAK, EngineName.LOADER])
async def test_a_voice_is_spoken_with_by_the_tag_that_it_is_listed_under(name: EngineName) -> None:
    voice = speech(name)

    for tag in ("en-gb", "pt-br"):  # of both the file has another name
        sounds = voice.synthesize(Speech(text="One", voice=tag, format=AudioFormat.WAV))
        assert seconds(b"".join([each.audio async for each in sounds])) > 0.2


async def test_flite_leaves_what_is_not_english_to_the_next() -> None:
    voice = speech(EngineName.FLITE)

    with pytest.raises(Rejected):
        await spoken(voice, "Guten Morgen", "de")


@pytest.mark.parametrize("text", ["你好", "Привет, Ann", "こんにちは", "م" * 100])
async def test_what_an_engine_would_leave_out_is_not_its_to_speak(text: str) -> None:
    flite, espeak = speech(EngineName.FLITE), speech(EngineName.ESPEAK)
    both = LocalSpeech([*found(EngineName.FLITE), *found(EngineName.ESPEAK)], None)

    with pytest.raises(Rejected):
        await spoken(flite, text)
    assert await spoken(both, text) == await spoken(espeak, text, language_of(text))


@pytest.mark.parametrize("text", ["...", "😀", "— !"])
async def test_a_text_without_a_letter_or_a_digit_is_rejected(text: str) -> None:
    with pytest.raises(Rejected, match="nothing in the text"):
        await spoken(LocalSpeech(found(None), None), text)


async def test_brackets_in_a_text_are_not_read_as_sounds() -> None:
    espeak = speech(EngineName.ESPEAK)

    assert await spoken(espeak, "[[h@l'oU]]") == await spoken(espeak, "[ [h@l'oU]]")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Grüße an Ann", None),
        ("π is 3.14", None),
        ("12:30", None),
        ("漢字かな", "ja"),
        ("Привет, Ann", "ru"),
        ("안녕", "ko"),
    ],
)
def test_a_text_is_in_what_most_of_it_is_written_in(text: str, language: str | None) -> None:
    assert language_of(text) == language


async def test_of_a_recording_without_words_nothing_is_understood() -> None:
    pytest.importorskip("pocketsphinx")
    silence = io.BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))

    assert await heard(silence.getvalue()) == ""


async def test_what_is_no_sound_is_rejected() -> None:
    pytest.importorskip("pocketsphinx")

    with pytest.raises(Rejected) as caught:
        await heard(b"<html>" * 100)

    assert caught.value.provider_code == "unreadable"


def test_recognition_is_offered_where_its_extra_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = {name: name for name in plugin.EXTRA}
    monkeypatch.setattr(plugin, "find_spec", installed.get)
    assert plugin.trunkline_register_stt() == [plugin.RECOGNITION]

    del installed["pocketsphinx"]
    assert plugin.trunkline_register_stt() == []
    assert plugin.trunkline_register_tts() == [plugin.SPEECH]


async def test_another_language_is_not_guessed_at() -> None:
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("it was read")
        yield b""

    recording = Recording(audio=never(), format=AudioFormat.WAV, language="de")
    with pytest.raises(Rejected):
        await LocalRecogniser(["never"]).transcribe(recording)


def test_engines_are_taken_in_order_and_one_that_is_wanted_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {"flite": "/bin/flite", "espeak-ng": "/bin/espeak-ng"}
    monkeypatch.setattr(shutil, "which", there.get)

    assert [each.name for each in found(None)][:2] == [EngineName.FLITE, EngineName.ESPEAK]
    assert [each.name for each in found(EngineName.ESPEAK)] == [EngineName.ESPEAK]
    there.clear()
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(NotConfigured, match="apt install flite"):
        found(None)
    with pytest.raises(NotConfigured, match="espeak-ng"):
        found(EngineName.ESPEAK)


def test_the_best_voice_for_a_language() -> None:
    espeak = Engine(name=EngineName.ESPEAK, command=("espeak-ng",))
    known = [
        Voice(id=each, name=each, languages=(each,)) for each in ("de", "en-gb", "en-us", "pt")
    ]

    for language, expected in (
        (None, "en-us"),
        ("en", "en-us"),
        ("en-GB", "en-gb"),
        ("de-AT", "de"),
        ("pt-BR", "pt"),
        ("tlh", None),
    ):
        best = espeak.voice_for(language, known)
        assert (best.id if best else None) == expected, language


async def test_a_text_never_stands_on_a_command_line_nor_the_hubs_secrets_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRUNKLINE_ENCRYPTION_KEY", "secret")
    show = tmp_path / "show.sh"
    show.write_text("#!/bin/sh\nenv\nps -o args= -p $$ 2>/dev/null || true\n")

    async with running(["/bin/sh", str(show)], CALL_ME.encode()) as child:
        said = b"".join([piece async for piece in child.pieces()]).decode()

    assert "PATH=" in said
    assert "secret" not in said
    assert CALL_ME not in said
    for name in EngineName:
        for each in [engines._engine(name)]:
            assert each is None or CALL_ME not in " ".join(each.speaking("x", 3))


async def test_a_reader_that_leaves_ends_the_program_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    voice = speech(EngineName.FLITE)
    text = "And so on, and so on, and so on. " * 100

    async def listen() -> None:
        async with aclosing(voice.synthesize(Speech(text=text, format=AudioFormat.WAV))) as sounds:
            async for _ in sounds:
                pass

    task = asyncio.create_task(listen())
    while not (running_now := _children("flite -voice")):
        await asyncio.sleep(0.005)
        assert not task.done()
    task.cancel()
    await asyncio.wait([task])

    assert running_now
    assert not _children("flite -voice")
    assert not list(tmp_path.iterdir())


def _children(pattern: str) -> str:
    """Return the processes of this test whose command line holds something."""

    listed = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", pattern],
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout
