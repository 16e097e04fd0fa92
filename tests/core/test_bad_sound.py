"""Sound that is not what it says: cut off, damaged, of another kind, or too long."""

import random
import struct
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.core.tones import KINDS, MP3, MULAW, OPUS, PCM, WAV, convert, made
from trunkline.core.sound import mpeg
from trunkline.core.sound.converting import Conversion
from trunkline.core.sound.faults import BadSound, TooLong, Truncated, Unreadable
from trunkline.core.sound.reading import Pieces
from trunkline.sdk import AudioFormat


@pytest.fixture(scope="module")
def sounds() -> dict[AudioFormat, bytes]:
    """A second of the tone in every form."""
    return {each: made(*kind) for each, kind in KINDS.items()}


@pytest.mark.parametrize("target", [MULAW, WAV])
@pytest.mark.parametrize("source", [WAV, MP3, OPUS])
async def test_what_is_cut_off_anywhere_is_said_to_be(
    sounds: dict[AudioFormat, bytes], source: AudioFormat, target: AudioFormat
) -> None:
    whole = sounds[source]
    for share in range(20):
        with pytest.raises(Truncated):
            await convert(whole[: len(whole) * share // 20], source, target)
    with pytest.raises(Truncated):
        await convert(whole[:-1], source, target)


async def test_what_is_cut_off_between_two_frames_or_pages_is_said_to_be(
    sounds: dict[AudioFormat, bytes],
) -> None:
    at_a_page = sounds[OPUS].rindex(b"OggS")
    frames = [each.data for each in mpeg.frames(Pieces([sounds[MP3]]))]

    for target in (MULAW, OPUS):
        with pytest.raises(Truncated):
            await convert(sounds[OPUS][:at_a_page], OPUS, target)
    for target in (MULAW, MP3):
        with pytest.raises(Truncated):
            await convert(b"".join(frames[:-1]), MP3, target)


async def test_two_mp3s_one_behind_the_other_are_both_heard(
    sounds: dict[AudioFormat, bytes],
) -> None:
    once, _ = await convert(sounds[MP3], MP3, MULAW)
    twice, duration_s = await convert(sounds[MP3] * 2, MP3, MULAW)

    assert len(twice) == pytest.approx(2 * len(once), abs=800)
    assert duration_s == len(twice) / 8_000


@pytest.mark.parametrize("source", AudioFormat)
async def test_nothing_at_all_is_no_sound(source: AudioFormat) -> None:
    for target in (source, MULAW):
        with pytest.raises(Truncated):
            await convert(b"", source, target)


async def test_half_a_sample_is_cut_off() -> None:
    with pytest.raises(Truncated):
        await convert(b"\0\0\0", PCM, MULAW)


def damaged(sounds: dict[AudioFormat, bytes]) -> Iterator[tuple[AudioFormat, bytes]]:
    """Return what is something else than it says."""
    for form in (WAV, MP3, OPUS):
        for other in {*AudioFormat} - {form}:
            yield form, sounds[other]
        yield form, b"<!DOCTYPE html><title>502 Bad Gateway</title>" * 40
        yield form, random.Random(7).randbytes(4_000)
    yield OPUS, made("OGG", "VORBIS", 24_000, 1)
    yield WAV, made("WAV", "IMA_ADPCM", 8_000, 1)
    yield WAV, b"RIFF\x24\0\0\0WAVEdata\x04\0\0\0\0\0\0\0"
    header = struct.Struct("<4sI4s4sIHHIIHH4sI")
    for tag, channels, rate, frame, bits in (
        (1, 0, 8_000, 0, 16),
        (1, 200, 8_000, 400, 16),
        (1, 1, 0, 2, 16),
        (1, 1, 4_000_000, 2, 16),
        (1, 1, 8_000, 7, 16),
        (1, 1, 8_000, 2, 12),
        (2, 1, 8_000, 2, 16),
    ):
        fmt = (16, tag, channels, rate, rate * 2, frame, bits)
        yield WAV, header.pack(b"RIFF", 36, b"WAVE", b"fmt ", *fmt, b"data", 4) + bytes(4)


async def test_what_is_something_else_than_it_says_is_refused(
    sounds: dict[AudioFormat, bytes],
) -> None:
    for form, data in damaged(sounds):
        with pytest.raises(Unreadable):
            await convert(data, form, MULAW)


@pytest.mark.parametrize("source", [MP3, OPUS])
async def test_what_is_damaged_inside_never_comes_out_shorter(source: AudioFormat) -> None:
    kind, subtype, rate, channels = KINDS[source]
    whole = made(kind, subtype, rate, channels, seconds=4)
    chance = random.Random(11)
    for _ in range(20):
        data = bytearray(whole)
        at = chance.randrange(len(data) - 40)
        data[at : at + 40] = chance.randbytes(40)
        try:
            _, duration_s = await convert(bytes(data), source, MULAW)
        except BadSound:
            continue
        assert duration_s == pytest.approx(4.0, abs=0.3)


async def test_a_page_that_is_missing_is_missed(sounds: dict[AudioFormat, bytes]) -> None:
    pages = sounds[OPUS].split(b"OggS")
    assert len(pages) > 4
    without = b"OggS".join([*pages[:-2], pages[-1]])

    with pytest.raises(Unreadable):
        await convert(without, OPUS, OPUS)


@pytest.mark.parametrize("target", [MULAW, WAV, OPUS])
@pytest.mark.parametrize("source", AudioFormat)
async def test_what_is_too_long_is_refused_and_not_read_to_its_end(
    sounds: dict[AudioFormat, bytes], source: AudioFormat, target: AudioFormat
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield sounds[WAV][:40] + b"\xff\xff\xff\xff" if source is WAV else sounds[source]
        while source is not OPUS:  # whose pages count themselves
            read += 1
            yield sounds[source][:32_000]

    conversion = Conversion(endless(), source, target, most_s=2.5 if source is not OPUS else 0.5)
    with pytest.raises(TooLong):
        async for _ in conversion.pieces():
            pass
    assert read < 30
