"""A mail's bytes as what a person would see of it."""

import hashlib
import html
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar
from urllib.parse import unquote

from trunkline.sdk.email import Attachment, MailAuthentication
from trunkline.sdk.mail.addresses import Mailbox, is_address, mailboxes
from trunkline.sdk.mail.charsets import decoded, drawn, lines_of, one_line
from trunkline.sdk.mail.flowed import Line, flowed_lines, plain_lines
from trunkline.sdk.mail.quotes import new_lines
from trunkline.sdk.mail.reports import Bounce, Complaint, bounces, complaint
from trunkline.sdk.mail.structure import Flaw, Headers, Opening, Part
from trunkline.sdk.mail.threads import ids
from trunkline.sdk.mail.transfer import decoded_pieces, decoded_size, first_bytes
from trunkline.sdk.mail.trust import authentication, is_automatic, null_sender
from trunkline.sdk.mail.words import file_name, without_words

MOST_TEXT_BYTES: Final = 1_000_000
"""Of the text, and of the HTML, of one mail; of the text at most so many lines."""

MOST_LINES: Final = 50_000
LONGEST_SUBJECT: Final = 998
"""Characters of a subject that are shown: a header line of RFC 5322 has no more."""

_LONGEST_VALUE: Final = 16 * 1024
_SHOWN: Final = frozenset({"text/plain", "text/html"})
_CONTENT_ID: Final = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)
_LINK: Final = re.compile(r"<\s*((?:mailto|https):[^<>]{1,2000})>", re.IGNORECASE)
_LIST_ID: Final = re.compile(r"<([^<>]{1,255})>\s*\Z")
# What stays the same by whatever way a mail comes.
_LASTING: Final = frozenset(
    {"from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
     "content-type", "content-transfer-encoding"}
)  # fmt: skip

_NOBODY: Final[tuple[Mailbox, ...]] = ()
_NO_IDS: Final[tuple[str, ...]] = ()
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """
    The list that spread a mail (RFC 2369, 8058).

    Attributes:
        id: Its List-Id, without brackets.
        mailto, https: Where to leave it, as they stand there: nothing may be fetched or written to
            before somebody asks to leave.
        one_click: Whether a POST of ``List-Unsubscribe=One-Click`` to `https` leaves it at once.
    """

    id: str | None = None
    mailto: str | None = None
    https: str | None = None
    one_click: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """
    A file in a mail: `about` tells of it, `pieces()` decodes it whenever it is asked.

    It holds on to the whole mail's bytes, of which it is a part, and not to a copy.
    """

    about: Attachment
    _raw: bytes = field(repr=False)
    _part: Part = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Give the content in pieces of at most 256 KiB."""
        part = self._part
        return decoded_pieces(self._raw, part.start, part.end, part.encoding)

    def content(self) -> bytes:
        """Return the content whole."""
        return b"".join(self.pieces())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """
    What a mail says. It is told by strangers: nothing here is proven but `authentication`.

    Attributes:
        sender: The bare address in From; None where there is none, or more than one: then nobody
            can be named, and `sender_candidates` has whoever stands there.
        sender_name: What stands before it; it may be somebody else's address.
        recipient: Whom it was delivered to: what the caller knows, else the topmost Delivered-To.
        delivered_to: Every address that a host on its way says it was for, nearest first: that of
            an account may stand before the one that was written to.
        subject: One line, decoded, at most 998 characters.
        text: The text part; empty where some of the mail is HTML only: make the text from `html`.
        new_text: What of `text` is new, without quotes, their introduction and signatures.
        html: The whole mail as HTML, not sanitised, if any part of it is HTML.
        message_id, in_reply_to, references: With their brackets; the first id of each, or all.
        date: When it says that it was written, aware; None where that cannot be read.
        auto: True for what a program sent by itself: never answer it automatically.
        null_sender: Whether the envelope names no sender.
        hops: How many hosts it says it came through: RFC 5321 §6.3 sees a loop above a hundred.
        loops: What stands in its X-Loop headers.
        bounces, complaint: What it reports of a mail of ours, where it is such a report and surely.
        fingerprint: The same for the same mail by whatever way it comes, in hex; a Message-ID alone
            is not. It knows nothing of the recipient.
        flaws: What was cut or could not be read.
    """

    subject: str = ""
    sender: str | None = None
    sender_name: str | None = None
    sender_candidates: tuple[str, ...] = ()
    recipient: str | None = None
    delivered_to: tuple[str, ...] = ()
    reply_to: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    text: str = ""
    new_text: str = ""
    html: str | None = None
    files: tuple[MailFile, ...] = ()
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: datetime | None = None
    auto: bool = False
    null_sender: bool = False
    hops: int = 0
    loops: tuple[str, ...] = ()
    mailing_list: MailingList | None = None
    authentication: MailAuthentication = field(default_factory=MailAuthentication)
    bounces: tuple[Bounce, ...] = ()
    complaint: Complaint | None = None
    fingerprint: str = ""
    flaws: frozenset[Flaw] = frozenset()


def read_mail(
    raw: bytes, *, recipient: str | None = None, trusted_hosts: frozenset[str] = frozenset()
) -> ReadMail:
    """
    Read a mail. It raises nothing, whatever the bytes: what cannot be read is told in `flaws`.

    Time and memory are bounded: files are not decoded to be kept, headers, parts, depth and text
    are capped. It takes up to a second for 25 MB: call it in a thread.

    Args:
        raw: The mail as it came, from its first header. It is kept by the files.
        recipient: Whom it was delivered to, if the caller knows from the envelope.
        trusted_hosts: Names of the mail hosts, in lower case, whose Authentication-Results above
            their own Received line are believed.
    """
    return _Reading(raw).mail(recipient, trusted_hosts)


@dataclass(frozen=True, slots=True)
class _Segment:
    """One stretch of what is shown: its plain text, its HTML, or both saying the same."""

    plain: tuple[Line, ...] | None
    html: str | None


class _Reading:
    """The one guarded room: whatever one header or part does, the others are read."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.opening = Opening(raw)
        self.shown: list[Part] = []
        self.files: list[Part] = []
        self.plain_left = self.html_left = MOST_TEXT_BYTES

    def held(self, default: T, read: Callable[[], T]) -> T:
        """Return what `read` does, or `default` if it raises."""
        try:
            return read()
        except Exception:  # noqa: BLE001 - a stranger's bytes must not end the fetch of other mails
            self.opening.flaws.add(Flaw.UNREADABLE)
            return default

    def mail(self, recipient: str | None, trusted_hosts: frozenset[str]) -> ReadMail:
        nothing = Part(
            headers=Headers(), start=0, end=len(self.raw), content_type="text/plain",
            parameters={}, disposition="", file_name=None, encoding="",
        )  # fmt: skip
        root = self.held(nothing, lambda: self.opening.part(0, len(self.raw)))
        headers = root.headers
        nothing_shown: list[_Segment] = []
        segments = self.held(nothing_shown, lambda: list(self.segments(root)))
        text = self.held("", lambda: _text(segments))
        page = self.held(None, lambda: _page(segments))
        senders = self.held(_NOBODY, lambda: _senders(headers))
        sender = senders[0] if len(senders) == 1 else None
        in_reply_to = self.held(_NO_IDS, lambda: ids(headers.first("in-reply-to")))
        message_id = self.held(_NO_IDS, lambda: ids(headers.first("message-id")))
        answers = self.held(_NOBODY, lambda: mailboxes(headers.text("reply-to")))
        delivered_to = self.held(_NO_IDS, lambda: _delivered_to(headers))
        return ReadMail(
            subject=self.held("", lambda: _subject(headers)),
            sender=sender.address if sender else None,
            sender_name=(sender.name or None) if sender else None,
            sender_candidates=() if sender else tuple(each.address for each in senders),
            recipient=recipient or next(iter(delivered_to), None),
            delivered_to=delivered_to,
            reply_to=answers[0].address if answers else None,
            to=self.held(_NO_IDS, lambda: _everybody(headers, "to")),
            cc=self.held(_NO_IDS, lambda: _everybody(headers, "cc")),
            text=text,
            new_text=self.held("", lambda: _new_text(segments)) if text else "",
            html=page,
            files=self.held((), lambda: self.listed(page)),
            message_id=message_id[0] if message_id else None,
            in_reply_to=in_reply_to[0] if in_reply_to else None,
            references=self.held(_NO_IDS, lambda: ids(headers.first("references"))),
            date=_date(headers),
            auto=self.held(True, lambda: is_automatic(headers)),
            null_sender=self.held(False, lambda: null_sender(headers)),
            hops=len(headers.every("received")),
            loops=tuple(one_line(each.decode("latin-1"))[:200] for each in headers.every("x-loop")),
            mailing_list=self.held(None, lambda: _mailing_list(headers)),
            authentication=self.held(
                MailAuthentication(),
                lambda: authentication(headers, trusted_hosts, sender.address if sender else ""),
            ),
            bounces=self.held((), lambda: bounces(self.raw, root, text)),
            complaint=self.held(None, lambda: complaint(self.raw, root)),
            fingerprint=_fingerprint(self.raw, root),
            flaws=frozenset(self.opening.flaws),
        )

    def segments(self, part: Part) -> Iterator[_Segment]:
        """Give what is shown of a part, in its order; everything else goes to the files."""
        if part.content_type == "multipart/alternative" and part.is_multipart:
            yield from self.best([list(self.segments(each)) for each in part.parts])
        elif part.is_multipart:
            for each in part.parts:
                yield from self.segments(each)
        elif self.is_shown(part):
            self.shown.append(part)
            yield self.segment(part)
        else:
            self.files.append(part)

    def is_shown(self, part: Part) -> bool:
        """Tell text from a file of text, by its disposition and its name."""
        if part.content_type not in _SHOWN or part.disposition == "attachment":
            return False
        return not part.file_name or not (self.shown or self.files)

    def segment(self, part: Part) -> _Segment:
        is_html = part.content_type == "text/html"
        left = self.html_left if is_html else self.plain_left
        data, more = first_bytes(self.raw, part.start, part.end, part.encoding, left)
        text = lines_of(decoded(data, part.parameters.get("charset")))
        if is_html:
            self.html_left -= len(data)
        else:
            self.plain_left -= len(data)
            lines = text.split("\n", MOST_LINES)
            more |= len(lines) > MOST_LINES
            text = "\n".join(lines[:MOST_LINES])
        if more:
            self.opening.flaws.add(Flaw.TEXT_CUT)
        if is_html:
            return _Segment(plain=None, html=text)
        if part.parameters.get("format", "").lower() == "flowed":
            return _Segment(
                plain=flowed_lines(text, part.parameters.get("delsp", "").lower() == "yes"),
                html=None,
            )
        return _Segment(plain=plain_lines(text), html=None)

    @staticmethod
    def best(ways: list[list[_Segment]]) -> list[_Segment]:
        """Return of several ways to say the same the first text and the last HTML."""
        plain = next((way for way in ways if _text(way).strip()), None)
        page = next((way for way in reversed(ways) if any(each.html for each in way)), None)
        if plain is None or page is None:
            return plain or page or []
        if plain is page:
            return plain
        lines = tuple(line for each in plain for line in each.plain or ())
        return [_Segment(plain=lines, html=_page(page))]

    def listed(self, page: str | None) -> tuple[MailFile, ...]:
        shown = {unquote(html.unescape(each)) for each in _CONTENT_ID.findall(page or "")}
        return tuple(self.file(part, shown) for part in self.files)

    def file(self, part: Part, shown: set[str]) -> MailFile:
        content_id = one_line(part.headers.text("content-id")[:998]).strip("<> ") or None
        return MailFile(
            about=Attachment(
                name=file_name(part.file_name),
                content_type=part.content_type,
                size_bytes=decoded_size(self.raw, part.start, part.end, part.encoding),
                content_id=content_id,
                inline=content_id in shown and part.content_type.startswith("image/"),
            ),
            _raw=self.raw,
            _part=part,
        )


def _text(segments: list[_Segment]) -> str:
    """Return the text, empty if some of the mail is HTML only."""
    if any(each.plain is None for each in segments):
        return ""
    parts = ("\n".join(line.shown() for line in each.plain or ()) for each in segments)
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return text if text.strip() else ""


def _new_text(segments: list[_Segment]) -> str:
    lines = [line for each in segments for line in (*(each.plain or ()), Line(0, ""))]
    return new_lines(lines)


def _page(segments: list[_Segment]) -> str | None:
    if not any(each.html for each in segments):
        return None
    return "\n".join(each.html if each.html is not None else _as_html(each) for each in segments)


def _as_html(segment: _Segment) -> str:
    return f"<pre>{html.escape(chr(10).join(each.shown() for each in segment.plain or ()))}</pre>"


def _senders(headers: Headers) -> tuple[Mailbox, ...]:
    """Return everybody in every From: no header wins by its place."""
    lines = headers.every("from")
    return tuple(each for line in lines for each in mailboxes(Headers((("f", line),)).text("f")))


def _everybody(headers: Headers, name: str) -> tuple[str, ...]:
    lines = (Headers((("a", each),)).text("a") for each in headers.every(name))
    return tuple(dict.fromkeys(each.address for line in lines for each in mailboxes(line)))


def _subject(headers: Headers) -> str:
    written = headers.first("subject")[:_LONGEST_VALUE]
    return one_line(without_words(Headers((("s", written),)).text("s")))[:LONGEST_SUBJECT]


_ENVELOPE: Final = (
    "delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-gm-original-to"
)  # fmt: skip
"""Where hosts note whom a mail was for: Postfix, Exim, Fastmail and Gmail each in their own."""
_MOST_DELIVERIES: Final = 20


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    """Return what hosts wrote of the envelope, the one that we fetch from first."""
    lines = (line for name in _ENVELOPE for line in headers.every(name))
    values = (
        drawn(Headers((("a", line),)).text("a")[:_LONGEST_VALUE]).strip("<>")
        for line in itertools.islice(lines, _MOST_DELIVERIES)
    )
    return tuple(dict.fromkeys(value for value in values if is_address(value)))


def _date(headers: Headers) -> datetime | None:
    try:
        date = parsedate_to_datetime(one_line(headers.text("date")[:100]))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # noqa: BLE001 - it raises more than it says (cpython#89164)
        return None


def _mailing_list(headers: Headers) -> MailingList | None:
    list_id = _LIST_ID.search(one_line(headers.text("list-id")[:_LONGEST_VALUE]))
    links = ["".join(each.split()) for each in _LINK.findall(headers.text("list-unsubscribe"))]
    if not (list_id or links):
        return None
    https = next((each for each in links if each.lower().startswith("https:")), None)
    mailto = next((each for each in links if each.lower().startswith("mailto:")), None)
    post = one_line(headers.text("list-unsubscribe-post")).lower()
    return MailingList(
        id=drawn(list_id[1]) if list_id else None,
        mailto=mailto.partition(":")[2] if mailto else None,
        https=https,
        one_click=https is not None and post == "list-unsubscribe=one-click",
    )


def _fingerprint(raw: bytes, root: Part) -> str:
    digest = hashlib.sha256()
    for name, value in root.headers.fields:
        if name in _LASTING:
            digest.update(b"%s:%s\n" % (name.encode(), b" ".join(value.split())))
    digest.update(memoryview(raw)[root.start :])
    return digest.hexdigest()
