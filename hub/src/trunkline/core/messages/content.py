"""What a message says: its text, the media that go with it, and what its channel has beside."""

import json
import re
import unicodedata
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Final, NamedTuple

import httpx2

from trunkline.egress import may_be_public
from trunkline.sdk import Media

MAX_MEDIA: Final = 10
"""Most media of one message: Twilio's limit ("Message resource", 2026-11-21)."""

_LAST_PORT: Final = 65_535
_AUTHORITY: Final = r"(?:[A-Za-z0-9._~:@!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?)"
_PATH: Final = r"(?:/[A-Za-z0-9._~:/@!$&'()*+,;=%-]*)?"
_REST: Final = r"(?:[?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?"  # brackets are a custom there
_URL: Final = re.compile(f"[A-Za-z]+://{_AUTHORITY}{_PATH}{_REST}")  # RFC 3986 §2, §3
_MEDIA_TYPE: Final = re.compile(  # RFC 6838 §4.2; the types that are registered with IANA
    r"(?:application|audio|font|image|message|model|multipart|text|video)"
    r"/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}"
)


class Form(IntEnum):
    """How a content is written down before it is encrypted; the number is stored beside it."""

    PLAIN = 0
    """The body, or a JSON array that begins with it: of messages of text and media alone."""

    OBJECT = 1
    """A JSON object of every field."""


class AtProvider(NamedTuple):
    """
    What a template is at one connection's provider, where it takes approved ones only: its id
    there, and its values by what the provider calls its variables.
    """

    connection: str
    provider_id: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    All that a message says, on whatever channel; what a channel does not have is empty.

    Attributes:
        body: The text.
        media: What goes with it, each with the type that the provider told.
        subject, html, cc, bcc, reply_to, sender_name: Of a mail.
        template, template_values: Of a template: its id, and pairs by name. What is handed over has
            the provider's; what was asked for may have the hub's.
        language: Of a template: as it was asked for, or of what is sent.
        at_providers: Of a WhatsApp message that was made of one of the hub's templates.
        made_of: The id of the hub's template that the text was made of.
        voice: Of a text that is spoken: by which voice, empty for the provider's own. Its `media`
            are what was made of it: the text, and with `record` the notice of that.
        record: Of a call: whether what is said after that is recorded.
        spoken_ms: Of a text that is spoken: how long the first of its media is; 0: nobody knows.
        notice: Of a call with `record`: the words of that notice.
        transcript: Of a recording: what is said in it, as far as a machine can tell.
        choices: What the recipient may pick from: pairs of an id and a label.
        choice, choice_label: Of an inbound message: what was picked.
        new_text: Of a mail that came in, what of its text is not quoted, if that is not all of it.
        told: Of an inbound message, what else its provider tells of it, as pairs for its reader:
            verdicts on its sender, names and sizes of attachments.
    """

    body: str
    media: tuple[Media, ...] = ()
    subject: str = ""
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str | None = None
    sender_name: str | None = None
    template: str | None = None
    template_values: tuple[tuple[str, str], ...] = ()
    choice: str | None = None
    new_text: str | None = None
    told: tuple[tuple[str, str], ...] = ()
    language: str | None = None
    at_providers: tuple[AtProvider, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    choice_label: str | None = None
    made_of: str | None = None
    voice: str | None = None
    record: bool = False
    spoken_ms: int = 0
    notice: str | None = None
    transcript: str | None = None

    def over(self, connection: str) -> "Content":
        """Return it as it goes over a connection: by the template that its provider has, if any."""
        if not self.at_providers:
            return self
        for each in self.at_providers:
            if each.connection == connection:
                return replace(
                    self, template=each.provider_id, template_values=each.values, at_providers=()
                )
        return replace(self, at_providers=())

    @property
    def media_urls(self) -> tuple[str, ...]:
        """Where the media can be fetched."""
        return tuple(each.url for each in self.media)

    @property
    def handles(self) -> tuple[str, ...]:
        """Which media the hub itself has, each once."""
        return tuple(dict.fromkeys(each.url for each in self.media if is_handle(each.url)))

    @property
    def form(self) -> Form:
        """The form that it is packed in."""
        more = (getattr(self, name) != default for name, default in _MORE.items())
        named = any(each.name for each in self.media)
        return Form.OBJECT if named or any(more) else Form.PLAIN

    def packed(self) -> str:
        """
        Return all of it as one text to be encrypted, in its form.

        A plain one without media is the body as it is, else a JSON array of the body and each
        medium's URL, or a pair of the URL and the type where the type is known.
        """
        if self.form is Form.OBJECT:
            given = {name: getattr(self, name) for name in _FIELDS}
            for name in _LATER:
                if given[name] == _MORE[name]:
                    del given[name]
            return json.dumps(given | self._named())
        if not self.media:
            return self.body
        media = [
            [each.url, each.content_type] if each.content_type else each.url for each in self.media
        ]
        return json.dumps([self.body, *media])

    def _named(self) -> dict[str, object]:
        return {"media": [[each.url, each.content_type, each.name] for each in self.media]}


_FIELDS: Final = tuple(field.name for field in fields(Content))
_MORE: Final = {
    field.name: field.default for field in fields(Content) if field.name not in ("body", "media")
}
_LATER: Final = frozenset(
    {
        "language",
        "at_providers",
        "choices",
        "choice_label",
        "new_text",
        "made_of",
        "voice",
        "record",
        "spoken_ms",
        "notice",
        "transcript",
    }
)
"""Written down only where they are set: what said nothing of them hashes as it did before."""


def unpacked(text: str, *, media_count: int, form: Form = Form.PLAIN) -> Content:
    """Return the content that was `packed` with so many media, in a form."""
    if form is Form.OBJECT:
        given = json.loads(text)
        given["media"] = tuple(
            Media(url=url, content_type=kind, name=name) for url, kind, name in given["media"]
        )
        for name in ("cc", "bcc"):
            given[name] = tuple(given[name])
        for name in ("template_values", "told", "choices"):
            given[name] = tuple((key, value) for key, value in given.get(name, ()))
        given["at_providers"] = tuple(
            AtProvider(connection, theirs, tuple((key, value) for key, value in values))
            for connection, theirs, values in given.get("at_providers", ())
        )
        return Content(**given)
    if not media_count:
        return Content(body=text)
    body, *media = json.loads(text)
    return Content(
        body=body,
        media=tuple(
            Media(url=each) if isinstance(each, str) else Media(url=each[0], content_type=each[1])
            for each in media
        ),
    )


_HANDLE: Final = re.compile(r"med_[0-9a-f]{32}")


def is_handle(url: str) -> bool:
    """Tell whether what stands for a URL is the handle of a medium that the hub has."""
    return _HANDLE.fullmatch(url) is not None


def media_type(told: object) -> str | None:
    """Return a media type as it is written in the registry, without parameters; None of no such."""
    bare = (told if isinstance(told, str) else "").partition(";")[0].strip().lower()
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def media_url_fault(url: str) -> str | None:
    """Return what is wrong with a URL that a provider shall fetch, or None."""
    if url.startswith("med_"):
        return "this is no handle: one is med_ and 32 digits of 0-9 and a-f, as the upload said"
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL()
    is_whole = parsed.scheme == "https" and parsed.host and (parsed.port or 443) <= _LAST_PORT
    if not is_whole or not _URL.fullmatch(url):
        return "give an https URL, percent-encoded"
    if parsed.userinfo:
        return "give a URL without a user's name or password"
    if not may_be_public(parsed.raw_host.decode("ascii")):
        return "the provider could not fetch it: its host is not on the internet"
    return None


def shows_anything(text: str) -> bool:
    """Tell whether a text has a character that can be seen, rather than blanks and formatting."""
    return any(
        unicodedata.category(each) not in _UNSEEN_KINDS and each not in _UNSEEN for each in text
    )


_UNSEEN_KINDS: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_UNSEEN: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
) | {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))}
"""Letters, marks and a symbol that are blank: fillers, selectors, the empty Braille cell."""
