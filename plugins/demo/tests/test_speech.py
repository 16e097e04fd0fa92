"""The placeholder sounds of the simulated network: made, and read back."""

import io
import struct
import wave
from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest

from trunkline.sdk import AudioFormat, Recording, Rejected, Speech, SttProvider, TtsProvider
from trunkline.testing import provider_context
from trunkline.testing.sounds import is_of, sound_of
from trunkline_demo.config import DemoConfig
from trunkline_demo.plugin import DemoPlugin

TEXT = "Your table is ready, Ann — grüße! 🎉"
MULAW, WAV = AudioFormat.MULAW_8000, AudioFormat.WAV


@pytest.fixture
async def voice() -> AsyncIterator[TtsProvider]:
    [spec] = DemoPlugin().trunkline_register_tts()
    async with spec.open(DemoConfig(), provider_context(httpx2.AsyncClient())) as provider:
        yield provider


@pytest.fixture
async def ear() -> AsyncIterator[SttProvider]:
    [spec] = DemoPlugin().trunkline_register_stt()
    async with spec.open(DemoConfig(), provider_context(httpx2.AsyncClient())) as provider:
        yield provider


async def spoken(voice: TtsProvider, text: str = TEXT, form: AudioFormat = MULAW) -> bytes:
    sounds = voice.synthesize(Speech(text=text, format=form))
    return b"".join([each.audio async for each in sounds])


async def understood(ear: SttProvider, audio: bytes, form: AudioFormat = MULAW) -> str:
    async def whole() -> AsyncIterator[bytes]:
        yield audio[:1000]
        yield audio[1000:]

    return (await ear.transcribe(Recording(audio=whole(), format=form))).text


def in_wav(samples: Sequence[int], rate: int, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((channels, 2, rate, 0, "NONE", ""))
        written.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


@pytest.mark.parametrize("form", [MULAW, WAV])
async def test_a_text_sounds_about_as_long_as_it_would_be_to_say_and_can_be_read_back(
    voice: TtsProvider, ear: SttProvider, form: AudioFormat
) -> None:
    audio = await spoken(voice, form=form)

    assert is_of(form, audio)
    seconds = len(audio) / (8_000 if form is MULAW else 16_000)
    assert len(TEXT) / 20 < seconds < len(TEXT) / 8
    assert await understood(ear, audio, form) == TEXT


async def test_the_longest_text_is_read_back_whole(voice: TtsProvider, ear: SttProvider) -> None:
    text = "é" * 100
    assert await understood(ear, await spoken(voice, text)) == text
    assert len(await spoken(voice, "🎉" * 2_000)) > 8_000 * 2 * 256


async def test_it_is_read_back_at_other_rates_with_silence_and_noise_around_it(
    voice: TtsProvider, ear: SttProvider
) -> None:
    with wave.open(io.BytesIO(await spoken(voice, form=WAV))) as file:
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
    noise = [(n * 7919) % 401 - 200 for n in range(len(samples) + 1777)]
    late = [a + b for a, b in zip([0] * 777 + [*samples] + [0] * 1000, noise, strict=True)]
    twice = [each for each in late for _ in range(2)]

    assert await understood(ear, in_wav(late, 8_000), WAV) == TEXT
    assert await understood(ear, in_wav(twice, 16_000), WAV) == TEXT
    assert await understood(ear, in_wav(twice, 8_000, channels=2), WAV) == TEXT
    pcm = struct.pack(f"<{len(twice)}h", *twice)
    assert await understood(ear, pcm, AudioFormat.PCM_16000) == TEXT


async def test_of_everything_else_nothing_is_understood(
    voice: TtsProvider, ear: SttProvider
) -> None:
    whole = await spoken(voice)
    for audio in (b"", b"\xff" * 9_000, sound_of(MULAW), whole[: len(whole) // 2], whole[2_000:]):
        assert await understood(ear, audio) == ""
    assert await understood(ear, sound_of(WAV), WAV) == ""
    assert await understood(ear, in_wav([5_000, -5_000] * 9_000, 44_100), WAV) == ""


async def test_the_length_of_what_was_heard_is_told(ear: SttProvider) -> None:
    async def second() -> AsyncIterator[bytes]:
        yield sound_of(WAV)

    transcript = await ear.transcribe(Recording(audio=second(), format=WAV))

    assert transcript.duration_s == 1.0
    assert transcript.billed is not None
    assert transcript.billed.units == 1


@pytest.mark.parametrize(
    "speech",
    [
        Speech(text=TEXT, format=AudioFormat.MP3),
        Speech(text=TEXT, format=MULAW, voice="nobody"),
        Speech(text="x" * 2_001, format=MULAW),
        Speech(text=" ", format=MULAW),
    ],
)
async def test_what_it_cannot_speak_is_rejected(voice: TtsProvider, speech: Speech) -> None:
    with pytest.raises(Rejected):
        await anext(aiter(voice.synthesize(speech)))


@pytest.mark.parametrize(
    ("audio", "form"),
    [
        (sound_of(AudioFormat.MP3), AudioFormat.MP3),
        (sound_of(WAV)[:-10], WAV),
        (b"RIFF", WAV),
        (b"no wav at all" * 9, WAV),
        (b"\0\0\0", AudioFormat.PCM_16000),
        (bytes(17 * 1024 * 1024), MULAW),
    ],
)
async def test_what_it_cannot_hear_is_rejected(
    ear: SttProvider, audio: bytes, form: AudioFormat
) -> None:
    with pytest.raises(Rejected):
        await understood(ear, audio, form)


async def test_what_was_spoken_is_counted_once(voice: TtsProvider) -> None:
    pieces = [each async for each in voice.synthesize(Speech(text=TEXT, format=MULAW))]

    assert [each.billed.units for each in pieces if each.billed] == [len(TEXT)]
    assert [each.id for each in await voice.voices()] == ["tones"]
