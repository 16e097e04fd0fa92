"""Sounds: what is read, how long they are, and how they are put together."""

import io
import struct
import wave

import pytest

from plugins.demo.tests.sounding import tone
from trunkline_demo.sounds import MULAW, WAV, UnreadableSound, read_sound, together


def read_back(content: bytes) -> tuple[int, int, int, int]:
    """Return channels, bytes a sample, rate and samples, as another reader of WAV has them."""
    with wave.open(io.BytesIO(content)) as file:
        return file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()


def riff(form: bytes, samples: bytes, before: bytes = b"") -> bytes:
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2])
def test_pcm_is_kept_as_16_bit_mono_at_its_own_rate(channels: int, width: int) -> None:
    sound = read_sound(tone(1.5, rate=22_050, channels=channels, width=width), WAV)

    assert read_back(sound.content) == (1, 2, 22_050, 33_075)
    assert sound.duration_s == pytest.approx(1.5)


def test_the_first_channel_is_the_one_that_is_kept() -> None:
    both = riff(struct.pack("<HHIIHH", 1, 2, 8_000, 32_000, 4, 16), struct.pack("<4h", 1, 2, 3, 4))

    assert read_sound(both, WAV).content[-4:] == struct.pack("<2h", 1, 3)


def test_mulaw_is_read_as_g711_says() -> None:
    sound = read_sound(bytes([0x00, 0x80, 0x7F, 0xFF]), MULAW)

    assert struct.unpack("<4h", sound.content[44:]) == (-32_124, 32_124, 0, 0)
    assert read_back(sound.content) == (1, 2, 8_000, 4)


@pytest.mark.parametrize("tag", [7, 0xFFFE])
def test_wav_of_mulaw_is_read_past_other_chunks(tag: int) -> None:
    form = struct.pack("<HHIIHH", tag, 1, 8_000, 8_000, 1, 8)
    if tag == 0xFFFE:
        form += struct.pack("<HHIH", 22, 8, 4, 7) + bytes(14)
    found = read_sound(riff(form, bytes(8_000), before=b"LIST\x03\0\0\0abc\0"), None)

    assert found.duration_s == 1
    assert found.content[44:46] == struct.pack("<h", -32_124)


BROKEN = {
    "empty": b"",
    "not RIFF": b"OggS" * 20,
    "cut in the header": tone(1)[:20],
    "no samples": tone(0),
    "a rate of 0": riff(struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16), bytes(8)),
    "no channels": riff(struct.pack("<HHIIHH", 1, 0, 8_000, 0, 0, 16), bytes(8)),
    "ADPCM": riff(struct.pack("<HHIIHH", 2, 1, 8_000, 4_000, 1, 4), bytes(8)),
    "floats": riff(struct.pack("<HHIIHH", 3, 1, 8_000, 32_000, 4, 32), bytes(8)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_called_wav_and_is_none_is_refused(what: str) -> None:
    with pytest.raises(UnreadableSound):
        read_sound(BROKEN[what], WAV)


def test_a_wav_that_is_cut_off_is_what_is_there() -> None:
    assert read_sound(tone(1)[:-8_000], WAV).duration_s == 0.5


def test_other_forms_are_played_as_they_came_and_last_by_their_size() -> None:
    sound = read_sound(bytes(8_000), "audio/mpeg; x=1")

    assert (sound.content_type, sound.duration_s) == ("audio/mpeg", 2)
    assert sound.cut(1) is sound


def test_sounds_one_after_another_have_the_rate_of_the_first() -> None:
    whole = together([read_sound(tone(1, rate=16_000), WAV), read_sound(tone(2), WAV)])

    assert whole is not None
    assert read_back(whole.content) == (1, 2, 16_000, 48_000)
    assert read_back(whole.cut(2.5).content) == (1, 2, 16_000, 40_000)
    assert together([]) is None


def test_sounds_of_other_forms_are_put_together_among_themselves() -> None:
    mp3 = read_sound(b"ab", "audio/mpeg")
    whole = together([mp3, read_sound(tone(1), WAV), read_sound(b"c", "audio/mpeg")])

    assert whole is not None
    assert (whole.content, whole.content_type) == (b"abc", "audio/mpeg")
