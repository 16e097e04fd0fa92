"""A mail as the bytes that a server takes (RFC 5322, MIME, RFC 2231)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from trunkline.sdk.email import OutboundEmail
from trunkline.sdk.mail.addresses import ascii_domain, is_address
from trunkline.sdk.mail.words import file_name

MOST_LINE_BYTES: Final = 998
"""Of a line without its end (RFC 5322 §2.1.1)."""

_WIDTH: Final = 76
_WORD_BYTES: Final = 42
"""So many bytes make an encoded word of 68 characters (RFC 2047 §2 allows 75)."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_ID: Final = re.compile(r"<[!-;=?A-~]{1,480}@[!-;=?A-~]{1,480}>")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_TYPE: Final = re.compile(
    r"(?!multipart/|message/)[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}"
)
_PLAIN_LINES: Final = re.compile(rb"(?:(?!From )[\t -~]{0,998}\r\n)*")
_OWN: Final = frozenset(
    {"from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to",
     "in-reply-to", "references", "mime-version", "return-path", "received"}
)  # fmt: skip
_ASCII: Final = bytes(range(128))
_PIECE_BYTES: Final = 57 * 1024
_PIECE_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """
    A file to send along.

    Attributes:
        name: Without a path; at most 255 bytes.
        content_type: Its media type without parameters; neither of a multipart nor of a message.
        content: Its bytes.
    """

    name: str
    content_type: str
    content: bytes


def new_message_id(unique: str, sender: str) -> str:
    """
    Return a Message-ID with its brackets, made of what is unique and of the sender's domain.

    Raises:
        ValueError: One of them cannot stand in an id.
    """
    made = f"<{unique}@{ascii_domain(sender).rpartition('@')[2]}>"
    if not _ID.fullmatch(made):
        raise ValueError("message_id: not fit for an id.")
    return made


def needs_smtputf8(mail: OutboundEmail) -> bool:
    """Tell whether an address has letters outside ASCII before its @."""
    everybody = (mail.sender, mail.recipient, *mail.cc, *mail.bcc, mail.reply_to or "")
    return not all(each.rpartition("@")[0].isascii() for each in everybody)


def written(
    mail: OutboundEmail,
    *,
    date: datetime,
    files: Sequence[Enclosure] = (),
    smtputf8: bool = False,
) -> bytes:
    """
    Return a mail as bytes with CRLF, the same for the same arguments; `bcc` stands nowhere in it.

    Args:
        mail: Its `media` is not looked at: what shall go along is in `files`.
        date: When it is sent, aware.
        files: What goes along, in their order.
        smtputf8: Whether the server takes addresses outside ASCII (RFC 6531). Domains need it not.

    Raises:
        ValueError: Something cannot stand in a mail, or would stand in it as something else, such
            as a line break in a subject. The sentence begins with the field's name.
    """
    head = (*_people(mail, smtputf8), *_about(mail, date), *_others(mail.headers))
    unique = hashlib.sha256(mail.message_id.encode()).hexdigest()[:32].encode()
    shown = _text("body", "plain", mail.body)
    if mail.html is not None:
        ways = [shown, _text("html", "html", mail.html)]
        shown = _multipart(b"alternative", b"=_a_" + unique, ways)
    if files:
        shown = _multipart(b"mixed", b"=_m_" + unique, [shown, *map(_file, files)])
    return b"".join((*head, b"MIME-Version: 1.0\r\n", *shown))


def _address(field: str, text: str, smtputf8: bool) -> str:
    if not is_address(text) or _CONTROL.search(text):
        raise ValueError(f"{field}: not an address.")
    try:
        sent = ascii_domain(text)
    except ValueError:
        raise ValueError(f"{field}: its domain has no form in ASCII.") from None
    if not (smtputf8 or sent.isascii()):
        raise ValueError(f"{field}: the server takes no address outside ASCII (SMTPUTF8).")
    return sent


def _people(mail: OutboundEmail, smtputf8: bool) -> Iterator[bytes]:
    sender = _address("sender", mail.sender, smtputf8)
    name = _safe("sender_name", mail.sender_name or "").strip()
    for each in mail.bcc:
        _address("bcc", each, smtputf8)
    yield _folded("From", [*_phrase(name), f"<{sender}>"] if name else [sender])
    yield _folded("To", [_address("recipient", mail.recipient, smtputf8)])
    if mail.cc:
        copies = [_address("cc", each, smtputf8) for each in mail.cc]
        yield _folded("Cc", [f"{each}," for each in copies[:-1]] + copies[-1:])
    if mail.reply_to is not None:
        yield _folded("Reply-To", [_address("reply_to", mail.reply_to, smtputf8)])


def _about(mail: OutboundEmail, date: datetime) -> Iterator[bytes]:
    if date.tzinfo is None:
        raise ValueError("date: needs its time zone.")
    yield _folded("Subject", _unstructured(_safe("subject", mail.subject)))
    yield _folded("Date", [format_datetime(date)])
    yield _folded("Message-ID", [_id("message_id", mail.message_id)])
    if mail.in_reply_to is not None:
        yield _folded("In-Reply-To", [_id("in_reply_to", mail.in_reply_to)])
    if mail.references:
        yield _folded("References", [_id("references", each) for each in mail.references])


def _others(headers: Mapping[str, str]) -> Iterator[bytes]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError("headers: a name that no header can have.")
        if name.lower() in _OWN or name.lower().startswith("content-"):
            raise ValueError(f"headers: {name} is written from a field of its own.")
        text = _safe(f"headers: {name}", value)
        yield _folded(name, text.split(" ") if text.isascii() else _words(text))


def _safe(field: str, text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(f"{field}: a line break or another control character.")
    return text


def _id(field: str, text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(f"{field}: not an id such as <words@example.com>.")
    return text


def _folded(name: str, tokens: list[str]) -> bytes:
    """Write a header of tokens, a blank between each two, in lines of 76 where they fit."""
    lines, line = [], f"{name}:"
    for token in tokens:
        if len(line) + len(token) >= _WIDTH and line.strip() and line != f"{name}:" and token:
            lines.append(line)
            line = ""
        line += f" {token}"
    lines.append(line)
    data = [each.encode() for each in lines]
    if any(len(each) > MOST_LINE_BYTES for each in data):
        raise ValueError(f"{name}: a word is too long for a line.")
    return b"\r\n".join(data) + b"\r\n"


def _unstructured(text: str) -> list[str]:
    """Return a subject as it stands, or as encoded words where it would not come out the same."""
    tokens = text.split(" ")
    plain = text.isascii() and "=?" not in text and all(tokens)
    return tokens if plain and all(len(each) < _WIDTH - 10 for each in tokens) else _words(text)


def _phrase(name: str) -> list[str]:
    """Return a display name: bare, quoted, or as encoded words."""
    if not name.isascii() or "=?" in name or len(name) > _WIDTH - 10:
        return _words(name)
    if _ATOMS.fullmatch(name):
        return [name]
    return ['"' + re.sub(r'([\\"])', r"\\\1", name) + '"']


def _words(text: str) -> list[str]:
    """Return encoded words (RFC 2047), cut between characters; a reader joins them again."""
    out, run = [], b""
    for character in text:
        one = character.encode()
        if len(run) + len(one) > _WORD_BYTES:
            out.append(run)
            run = b""
        run += one
    return [f"=?utf-8?B?{base64.b64encode(each).decode()}?=" for each in (*out, run) if each]


def _text(field: str, subtype: str, text: str) -> list[bytes]:
    """Write a text part in the plainest encoding that no server on the way changes."""
    lines = re.split("\r\n|\r|\n", text)
    try:
        data = "".join(f"{line}\r\n" for line in lines).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{field}: half of a surrogate pair.") from None
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\n".encode()
    plain = b"=_" not in data and b" \r\n" not in data and b"\t\r\n" not in data
    if plain and _PLAIN_LINES.fullmatch(data):
        return [head, b"Content-Transfer-Encoding: 7bit\r\n\r\n", data]
    if 3 * len(data.translate(None, _ASCII)) > len(data):
        return [head, b"Content-Transfer-Encoding: base64\r\n\r\n", *_base64(data)]
    quoted = binascii.b2a_qp(data, istext=True).replace(b"\nFrom ", b"\n=46rom ")
    if quoted.startswith(b"From "):
        quoted = b"=46" + quoted[1:]
    return [head, b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", quoted]


def _file(file: Enclosure) -> list[bytes]:
    if file_name(file.name) != file.name:
        raise ValueError("files: a name has a path, a control character, or is too long.")
    if not _TYPE.fullmatch(file.content_type):
        raise ValueError("files: not the media type of a file.")
    disposition = "".join(f";\r\n {each}" for each in _named(file.name))
    old_name = " ".join(_words(file.name)) if not file.name.isascii() else file.name
    head = (
        f"Content-Type: {file.content_type};\r\n name={_quoted(old_name)}\r\n"
        f"Content-Disposition: attachment{disposition}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return [head.encode(), *_base64(file.content)]


def _named(name: str) -> list[str]:
    """Return a file's name as parameters: in pieces where it is long (RFC 2231 §3, §4)."""
    if name.isascii() and len(name) <= _PIECE_CHARACTERS:
        return [f"filename={_quoted(name)}"]
    coded = quote(name, safe="")
    if len(coded) <= _PIECE_CHARACTERS:
        return [f"filename*=utf-8''{coded}"]
    escapes = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", coded)
    first = "utf-8''"
    return [
        f"filename*{number}*={first if number == 0 else ''}{each}"
        for number, each in enumerate(escapes)
    ]


def _quoted(text: str) -> str:
    return '"' + re.sub(r'([\\"])', r"\\\1", text) + '"'


def _base64(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _PIECE_BYTES):
        yield base64.encodebytes(data[at : at + _PIECE_BYTES]).replace(b"\n", b"\r\n")


def _multipart(subtype: bytes, border: bytes, parts: list[list[bytes]]) -> list[bytes]:
    """Join parts by a border that holds ``=_``, which no part can: an encoded text has no such."""
    out = [b"Content-Type: multipart/", subtype, b';\r\n boundary="', border, b'"\r\n\r\n']
    for part in parts:
        out += (b"--", border, b"\r\n", *part, b"\r\n")
    return [*out, b"--", border, b"--\r\n"]
