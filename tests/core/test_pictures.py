"""Pictures that a model is shown: by the size that they say they have."""

import importlib.util
import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageFile

from trunkline.core.media.pictures import MOST_BYTES, fitting, size_of


def png(width: int, height: int, more: int = 0) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    whole = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head
    return whole + struct.pack(">I", zlib.crc32(head)) + bytes(more)


def jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC2, 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff" + frame


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + kind + struct.pack("<I", len(rest)) + rest


@pytest.mark.parametrize(
    ("whole", "content_type"),
    [
        (png(640, 480), "image/png"),
        (jpeg(640, 480), "image/jpeg"),
        (b"GIF89a" + struct.pack("<HH", 640, 480), "image/gif"),
        (webp(b"VP8 ", bytes(6) + struct.pack("<HH", 640, 480)), "image/webp"),
        (webp(b"VP8L", b"\x2f" + ((479 << 14) | 639).to_bytes(4, "little")), "image/webp"),
        (
            webp(b"VP8X", bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
            "image/webp",
        ),
    ],
)
def test_a_picture_says_its_size_without_being_unpacked(whole: bytes, content_type: str) -> None:
    assert size_of(whole, content_type) == (640, 480)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("with_pillow", [True, False])
def test_a_picture_is_shown_as_it_is_if_it_is_whole(
    kind: str, monkeypatch: pytest.MonkeyPatch, *, with_pillow: bool
) -> None:
    out = io.BytesIO()
    noise(40, 30).save(out, kind)
    whole, content_type = out.getvalue(), f"image/{kind.lower()}"
    if not with_pillow:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert fitting(whole, content_type) == (whole, content_type)
    for cut in (len(whole) // 2, 33):
        told = fitting(whole[:cut], content_type)
        assert isinstance(told, str)
        assert "follow the url" in told


def test_a_picture_with_something_wrong_within_is_not_shown() -> None:
    whole = drawn(noise(40, 30))
    at = whole.index(b"IDAT") + 40
    told = fitting(whole[:at] + b"garbage" + whole[at + 7 :], "image/png")

    assert isinstance(told, str)
    assert "damaged" in told


@pytest.mark.parametrize(
    ("whole", "content_type", "words"),
    [
        (png(65_000, 65_000), "image/png", "65000 x 65000 pixels"),
        (png(0, 5), "image/png", "pixels"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "nothing of its size"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "nothing of its size"),
        (b"\xff\xd8\xff\xe0\x00\x00", "image/jpeg", "nothing of its size"),
        (b"", "image/gif", "nothing of its size"),
        (webp(b"XXXX", bytes(20)), "image/webp", "nothing of its size"),
    ],
)
def test_a_picture_that_is_a_bomb_or_broken_is_not_shown_and_says_why(
    whole: bytes, content_type: str, words: str
) -> None:
    told = fitting(whole, content_type)

    assert isinstance(told, str)
    assert words in told


def drawn(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(3 * width * height))


def chunk(name: bytes, content: bytes) -> bytes:
    head = name + content
    return struct.pack(">I", len(content)) + head + struct.pack(">I", zlib.crc32(head))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7_000, 13_300, 30_000])
def test_a_picture_that_names_a_second_size_is_not_unpacked_to_it(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_: object) -> None:
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    again = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")
    whole = png(10, 10) + chunk(b"paDd", bytes(MOST_BYTES)) + again + pixels
    told = fitting(whole, "image/png")

    assert isinstance(told, str)
    assert "pixels and is not shown" in told


def test_a_picture_whose_details_do_not_shrink_is_scaled_until_it_fits() -> None:
    shown = fitting(drawn(noise(1_500, 1_500)), "image/png")

    assert not isinstance(shown, str)
    assert len(shown[0]) <= MOST_BYTES
    assert size_of(*shown) == (1_024, 1_024)


def test_a_picture_with_a_chunk_of_no_known_kind_is_damaged_and_says_so() -> None:
    whole = drawn(noise(700, 700))
    at = whole.rindex(b"IDAT")
    told = fitting(whole[:at] + b"ID\0T" + whole[at + 4 :], "image/png")

    assert isinstance(told, str)
    assert "damaged" in told


def test_a_large_picture_is_scaled_down(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn(Image.effect_mandelbrot((2_000, 1_000), (-3, -2.5, 2, 2.5), 100).convert("RGB"))
    whole += bytes(MOST_BYTES)
    shown = fitting(whole, "image/png")

    assert not isinstance(shown, str)
    assert size_of(*shown) == (1_568, 784)
    assert shown[1] == "image/jpeg"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    told = fitting(whole, "image/png")
    assert isinstance(told, str)
    assert "trunkline[pictures]" in told


def test_a_large_picture_that_is_damaged_is_not_shown() -> None:
    told = fitting(png(100, 100, MOST_BYTES), "image/png")

    assert isinstance(told, str)
    assert "damaged" in told
