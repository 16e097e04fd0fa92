"""Media as bytes: sealed in pieces, known by their content, linked for a while."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.core.media.links import Links
from trunkline.core.media.sealing import (
    PIECE_BYTES,
    Damaged,
    Sealing,
    opened,
    pieces_of,
    sealed_range,
)
from trunkline.core.media.types import OCTETS, file_name_of, fits, type_of
from trunkline.core.privacy.keys import Keys
from trunkline.core.problems import ExpiredLink, NotFound

KEY, BIND = bytes(range(32)), b"default|media|med_1|object"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def sealed(plain: bytes, key: bytes = KEY, bind: bytes = BIND) -> bytes:
    sealing, count = Sealing(key, bind), pieces_of(len(plain))
    parts = [plain[at * PIECE_BYTES : (at + 1) * PIECE_BYTES] for at in range(count)]
    return b"".join(
        sealing.seal(number, part, is_last=number == count - 1) for number, part in enumerate(parts)
    )


async def in_parts(whole: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(whole), size):
        yield whole[at : at + size]


async def read(
    whole: bytes, length: int, start: int = 0, end: int | None = None, bind: bytes = BIND
) -> bytes:
    end = length if end is None else end
    first, last = sealed_range(length, start, end)
    stream = in_parts(whole[first:last])
    return b"".join([part async for part in opened(Sealing(KEY, bind), stream, length, start, end)])


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 200_000])
async def test_what_was_sealed_opens_whole(length: int) -> None:
    plain = bytes(at % 251 for at in range(length))
    whole = sealed(plain)
    assert await read(whole, length) == plain
    assert length < 16 or plain[:16] not in whole


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (65_535, 65_537),
        (70_000, 70_001),
        (131_072, 200_000),
        (199_999, 200_000),
        (0, 65_536),
    ],
)
async def test_a_part_opens_without_the_rest(start: int, end: int) -> None:
    plain = bytes(at % 251 for at in range(200_000))
    assert await read(sealed(plain), 200_000, start, end) == plain[start:end]


async def test_what_is_cut_off_swapped_or_of_another_place_does_not_open() -> None:
    plain = bytes(3 * PIECE_BYTES)
    whole, piece = sealed(plain), PIECE_BYTES + 16
    swapped = whole[piece : 2 * piece] + whole[:piece] + whole[2 * piece :]
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    for wrong in (whole[: 2 * piece], whole[:-20], swapped, flipped, b""):
        with pytest.raises(Damaged):
            await read(wrong, len(plain))
    with pytest.raises(Damaged):  # whole pieces, said to be all there is
        await read(whole[: 2 * piece], 2 * PIECE_BYTES)
    with pytest.raises(Damaged):
        await read(whole, len(plain), bind=b"default|media|med_2|object")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
KNOWN = [
    (PNG, None, "image/png"),
    (b"\xff\xd8\xff\xe0" + bytes(20), "image/png", "image/jpeg"),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 ", None, "image/webp"),
    (b"RIFF\x10\x00\x00\x00WAVEfmt ", None, "audio/wav"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", None, "video/mp4"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "audio/mp4", "audio/mp4"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "audio/x-m4a", "audio/mp4"),
    (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42", None, "audio/mp4"),
    (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", None, "image/heic"),
    (b"\x00\x00\x00\x14ftyp3gp4\x00\x00\x00\x003gp4", None, "video/3gpp"),
    (b"OggS\x00\x02" + bytes(30), None, "audio/ogg"),
    (b"ID3\x04" + bytes(20), None, "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(20), None, "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + bytes(20), None, "audio/aac"),
    (b"\xff\xfe\x41\x00" + bytes(20), None, OCTETS),  # UTF-16
    (b"#!AMR\n" + bytes(9), None, "audio/amr"),
    (b"%PDF-1.7\n", "text/html", "application/pdf"),
    (
        b"PK\x03\x04" + bytes(22) + b"[Content_Types].xml....word/doc",
        None,
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ),
    (
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zipPK\x03\x04",
        None,
        "application/epub+zip",
    ),
    (b"PK\x03\x04" + bytes(26) + b"a.txt", None, "application/zip"),
    (b"<!DOCTYPE HTML><p>", "text/plain", "text/html"),
    (b"<?xml version='1.0'?><!-- --><svg >", "image/png", "image/svg+xml"),
    (b"BEGIN:VCARD\r\n", None, "text/vcard"),
    (b"a,b\n1,2\n", "text/csv", "text/csv"),
    (b"a,b\n1,2\n", "image/png", "text/plain"),
    (("a" * 4_093 + "Grüße").encode()[:4_096], None, "text/plain"),  # more comes
    ("Grüße".encode()[:3], None, OCTETS),
    ("Grüße".encode("latin-1"), None, OCTETS),
    (b"caffeine is good for you", None, "text/plain"),
    (b"ID3 is a kind of tag", None, "text/plain"),
    (b"the ftyp of a file", None, "text/plain"),
    (b"fLaC is free", None, "text/plain"),
    (b"caff\x00\x01\x00\x00desc", None, "audio/x-caf"),
    (b"fLaC\x00\x00\x00\x22" + bytes(34), None, "audio/flac"),
    (b"RF64\xff\xff\xff\xffWAVEds64", None, "audio/wav"),
    (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/pdf", None, "application/zip"),
    (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/xhtml+xml", None, "application/zip"),
    (
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.textPK\x03\x04",
        None,
        "application/vnd.oasis.opendocument.text",
    ),
    (b"\x00\x01\x02", "image/png", OCTETS),
    (b"", None, "text/plain"),
]


@pytest.mark.parametrize(("head", "told", "found"), KNOWN)
def test_a_type_is_told_by_the_content(head: bytes, told: str | None, found: str) -> None:
    assert type_of(head, told) == found


@pytest.mark.parametrize(
    ("told", "found", "may"),
    [
        ("image/png", "image/png", True),
        ("image/jpg", "image/jpeg", True),
        ("audio/mp3", "audio/mpeg", True),
        ("application/octet-stream", "image/png", True),
        ("image/png", "image/jpeg", False),
        ("image/png", "text/html", False),
        ("application/pdf", "text/plain", False),
        ("text/csv", "text/plain", True),
        ("image/png", "application/zip", False),
        ("application/java-archive", "application/zip", True),
        ("application/pdf", "image/png", False),
        ("image/png", OCTETS, False),
        ("audio/m4a", "audio/mp4", True),
        ("audio/mp4a-latm", "audio/mp4", True),
        ("application/ogg", "audio/ogg", True),
        ("audio/opus", "audio/ogg", True),
        ("application/pdf", OCTETS, False),
        ("audio/x-wav", OCTETS, False),
        ("audio/mpeg", OCTETS, True),
        ("audio/aiff", OCTETS, True),
    ],
)
def test_what_contradicts_its_content_is_told(told: str, found: str, *, may: bool) -> None:
    assert fits(told, found) is may


@pytest.mark.parametrize(
    ("name", "content_type", "number", "called"),
    [
        (None, "image/png", 1, "file.png"),
        (None, "application/pdf", 3, "file-3.pdf"),
        (None, OCTETS, 1, "file.bin"),
        (None, None, 1, "file.bin"),
        ("photo", "image/jpeg", 1, "photo.jpg"),
        ("photo.jpeg", "image/jpeg", 2, "photo.jpeg"),
        ("Dr. No", "text/plain", 1, "Dr. No.txt"),
        ("README", OCTETS, 1, "README"),
    ],
)
def test_a_file_is_called_as_its_sender_said_and_ends_as_its_type_does(
    name: str | None, content_type: str | None, number: int, called: str
) -> None:
    assert file_name_of(name, content_type, number) == called


def test_a_link_leads_to_its_medium_until_its_time_is_over() -> None:
    links = Links(Keys(bytes(32)), "https://hub.example.com")
    medium = "med_" + "0" * 32
    url = links.url("default", medium, NOW + timedelta(seconds=60))
    assert url.startswith("https://hub.example.com/media/")
    token = url.rpartition("/")[2]
    assert links.read("default", token, NOW) == medium
    with pytest.raises(ExpiredLink):
        links.read("default", token, NOW + timedelta(seconds=60))
    other, seconds, mac = token.split("-")
    later = str(int(seconds) + 1)
    for wrong in (
        f"{other}-{later}-{mac}",
        f"{'med_' + '1' * 32}-{seconds}-{mac}",
        f"{other}-{seconds}-{mac[:-1]}0"[:-1] + ("1" if mac[-1] != "1" else "2"),
        "x",
        f"{token}-",
    ):
        with pytest.raises(NotFound):
            links.read("default", wrong, NOW)
    with pytest.raises(NotFound):
        links.read("other", token, NOW)
