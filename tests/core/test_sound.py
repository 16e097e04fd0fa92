"""Sound from every form to every other, while it comes."""

import asyncio
import contextlib
import io
import struct
import sys
import threading
import time
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.core.tones import (
    KINDS,
    MP3,
    MULAW,
    OPUS,
    PCM,
    WAV,
    assert_is_the_tone,
    convert,
    heard,
    made,
)
from trunkline.core.problems import Missing
from trunkline.core.sound import wav
from trunkline.core.sound.converting import Conversion
from trunkline.core.sound.layout import RAW
from trunkline.sdk import AudioFormat, OutcomeUnknown
from trunkline.testing.suite import longest_stall_s


@pytest.fixture(scope="module")
def sounds() -> dict[AudioFormat, bytes]:
    """A second of the tone in every form."""
    return {each: made(*kind) for each, kind in KINDS.items()}


@pytest.mark.parametrize(("source", "target"), [*product(AudioFormat, AudioFormat)])
async def test_every_form_becomes_every_other_as_long_as_it_was(
    sounds: dict[AudioFormat, bytes], source: AudioFormat, target: AudioFormat
) -> None:
    got, duration_s = await convert(sounds[source], source, target)

    assert duration_s == pytest.approx(1.0, abs=0.07)  # an MP3's frames stand beyond its sound
    assert_is_the_tone(got, target, 1.0 if source is target else duration_s)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]
)
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
async def test_every_kind_of_wav_is_read(kind: str, subtype: str, channels: int) -> None:
    source = made(kind, subtype, 44_100, channels, seconds=0.25)

    got, duration_s = await convert(source, WAV, PCM)

    assert duration_s == pytest.approx(0.25, abs=0.001)
    assert_is_the_tone(got, PCM, 0.25)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
async def test_mp3_of_every_version_is_read(rate: int, channels: int) -> None:
    got, _ = await convert(made("MP3", "MPEG_LAYER_III", rate, channels), MP3, MULAW)

    assert_is_the_tone(got, MULAW, len(got) / 8_000)
    assert len(got) == pytest.approx(8_000, rel=0.3)


async def test_mulaw_is_written_and_read_as_libsndfile_does() -> None:
    every = np.arange(-32_768, 32_768, dtype="<i2")
    theirs = io.BytesIO()
    soundfile.write(theirs, every, 8_000, format="RAW", subtype="ULAW")
    as_wav = wav.header(RAW[PCM], every.nbytes).replace(  # at 8 kHz, so that nothing is resampled
        struct.pack("<II", 16_000, 32_000), struct.pack("<II", 8_000, 16_000)
    )

    encoded, _ = await convert(as_wav + every.tobytes(), WAV, MULAW)
    decoded, _ = await convert(bytes(range(256)), MULAW, WAV)

    assert encoded == theirs.getvalue()
    assert np.array_equal(heard(decoded, WAV)[0], heard(bytes(range(256)), MULAW)[0])


async def convert_without_the_extra(
    data: bytes, source: AudioFormat, target: AudioFormat
) -> tuple[bytes, float]:
    """Convert where neither numpy nor soxr nor soundfile can be imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("numpy", "soxr", "soundfile"):
            patch.setitem(sys.modules, name, None)
        return await convert(data, source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [(each, each) for each in AudioFormat] + [(MULAW, WAV), (PCM, WAV)],
)
async def test_what_keeps_its_samples_needs_no_extra(
    sounds: dict[AudioFormat, bytes], source: AudioFormat, target: AudioFormat
) -> None:
    got, duration_s = await convert_without_the_extra(sounds[source], source, target)

    assert duration_s == pytest.approx(1.0, abs=0.07)
    assert_is_the_tone(got, target, 1.0 if source is target else duration_s)


@pytest.mark.parametrize("subtype", ["ALAW", "FLOAT", "DOUBLE", "PCM_24", "PCM_32", "ULAW"])
async def test_a_wav_that_not_everything_plays_becomes_one_that_does(subtype: str) -> None:
    got, duration_s = await convert(made("WAV", subtype, 16_000, 1), WAV, WAV)

    with wave.open(io.BytesIO(got)) as file:
        assert (file.getsampwidth(), file.getnchannels(), file.getframerate()) == (2, 1, 16_000)
    assert duration_s == 1.0


async def test_a_wav_of_a_telephone_loses_its_header_without_the_extra(
    sounds: dict[AudioFormat, bytes],
) -> None:
    recorded = made("WAV", "ULAW", 8_000, 1)

    assert await convert_without_the_extra(recorded, WAV, MULAW) == (sounds[MULAW], 1.0)


@pytest.mark.parametrize("source", AudioFormat)
async def test_without_the_extra_the_refusal_says_what_to_install(
    sounds: dict[AudioFormat, bytes], source: AudioFormat
) -> None:
    target = OPUS if source is not OPUS else MULAW

    with pytest.raises(Missing, match=r'pip install "trunkline\[voice\]"'):
        await convert_without_the_extra(sounds[source], source, target)


@pytest.mark.parametrize("claimed", [0x7FFF_F000, 0xFFFF_FFFF])
async def test_a_wav_written_to_a_pipe_gets_its_true_length(claimed: int) -> None:
    samples = made("RAW", "PCM_16", 16_000, 1)
    piped = wav.header(RAW[PCM], 0)[:-4] + struct.pack("<I", claimed) + samples

    got, duration_s = await convert(piped, WAV, WAV)

    assert duration_s == 1.0
    assert got == wav.header(RAW[PCM], len(samples)) + samples


async def test_chunks_and_tags_around_the_sound_are_left_out(
    sounds: dict[AudioFormat, bytes],
) -> None:
    listed = struct.pack("<4sI", b"LIST", 5) + b"INFO.\0"
    plain = sounds[WAV]
    around = plain[:36] + listed + plain[36:] + listed
    id3 = b"ID3\x04\0\0\0\0\x01\x01" + bytes(129)
    tagged = id3 + sounds[MP3] + b"TAG" + bytes(125)

    assert await convert(around, WAV, MULAW) == await convert(plain, WAV, MULAW)
    assert await convert(tagged, MP3, MULAW) == await convert(sounds[MP3], MP3, MULAW)


async def test_it_comes_out_while_it_comes_in(sounds: dict[AudioFormat, bytes]) -> None:
    for source in (MULAW, PCM, WAV, MP3):
        arrived = asyncio.Event()

        async def stalling(data: bytes, arrived: asyncio.Event) -> AsyncIterator[bytes]:
            yield data[: len(data) // 2]
            await arrived.wait()
            yield data[len(data) // 2 :]

        async with asyncio.timeout(10):
            async for _ in Conversion(stalling(sounds[source], arrived), source, MULAW).pieces():
                arrived.set()


async def test_a_reader_that_leaves_leaves_nothing_open(sounds: dict[AudioFormat, bytes]) -> None:
    await convert(sounds[MP3], MP3, MULAW)  # the first imports what it needs
    before = len([*Path("/dev/fd").iterdir()])
    for source in AudioFormat:
        closed = asyncio.Event()

        async def endless(data: bytes, closed: asyncio.Event) -> AsyncIterator[bytes]:
            try:
                yield data
                await asyncio.Event().wait()
            finally:
                closed.set()

        for target in (MULAW, OPUS):
            closed.clear()
            conversion = Conversion(endless(sounds[source], closed), source, target)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05), aclosing(conversion.pieces()) as pieces:
                    async for _ in pieces:
                        pass
            assert closed.is_set()
    for thread in threading.enumerate():
        if thread.name == "sound":
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()
    assert len([*Path("/dev/fd").iterdir()]) == before


@pytest.mark.parametrize("source", AudioFormat)
async def test_what_breaks_the_source_reaches_the_reader(
    sounds: dict[AudioFormat, bytes], source: AudioFormat
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield sounds[source][:600]
        raise OutcomeUnknown("The provider broke off.")

    for target in AudioFormat:
        with pytest.raises(OutcomeUnknown):
            async for _ in Conversion(broken(), source, target).pieces():
                pass


async def test_a_slow_reader_slows_the_source(sounds: dict[AudioFormat, bytes]) -> None:
    read = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(500):
            read += 1
            yield sounds[MULAW]

    async with aclosing(Conversion(counted(), MULAW, PCM).pieces()) as pieces:
        await anext(pieces)
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert read < 30


async def test_a_conversion_does_not_hold_the_loop() -> None:
    half_a_minute = made("WAV", "PCM_24", 48_000, 2, seconds=30)

    async def whole() -> None:
        async def at_once() -> AsyncIterator[bytes]:
            yield half_a_minute

        async for _ in Conversion(at_once(), WAV, MULAW).pieces():
            pass

    # A busy machine stalls now and then, work on the loop every time.
    for _ in range(5):
        started = time.perf_counter()
        stall_s = await longest_stall_s(whole())
        if stall_s < 0.1 or stall_s / (time.perf_counter() - started) < 0.3:
            return
    pytest.fail("the loop stood still for as long as it took, five times")
