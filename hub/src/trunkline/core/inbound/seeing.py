"""What a person would see of a message that came in, made out before any transaction."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from trunkline.core.addresses import canonical
from trunkline.core.channels import rules_of
from trunkline.core.compliance.optout import opt_word, opt_word_of_pick
from trunkline.core.compliance.optword import OptWord
from trunkline.core.media.shelf import Expected
from trunkline.core.messages.content import Content, media_type, shows_anything
from trunkline.core.messages.models import Channel
from trunkline.core.messages.reply_addresses import without_tokens
from trunkline.core.visible import visible
from trunkline.sdk import (
    InboundEvent,
    Media,
    OptOut,
    Received,
    ReceivedEmail,
    ReceivedWhatsApp,
    Verdict,
    WhatsAppContent,
)

if TYPE_CHECKING:
    from trunkline.core.mailtext import Shown

LONGEST_TEXT: Final = 39_015
"""Most characters of a text: 255 segments of 153 (3GPP TS 23.040 §9.2.3.24.1, TS 23.038 §6.1)."""

LONGEST_MAIL: Final = 1_000_000
"""Most characters of a mail's text that are kept; what is beyond is cut off, and it is said."""

_LONGEST_SENDER: Final = 320
_LONGEST_ID: Final = 998
_MOST_IDS: Final = 50
_MOST_FILES: Final = 100
_MOST_NAMED: Final = 5
_NEWEST_PART: Final = 300
_NAMED_BY_VENDOR: Final = frozenset(
    {
        WhatsAppContent.OTHER,
        WhatsAppContent.UNSUPPORTED,
        WhatsAppContent.ORDER,
        WhatsAppContent.FORM,
        WhatsAppContent.EDITED,
        WhatsAppContent.DELETED,
    }
)
"""Kinds that say less than the provider's own word."""
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,47}")
"""A provider's word for a kind, which nobody frames: it has no room for an instruction."""
_CUT: Final = "\n[The rest of this mail is too long and was cut off.]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(InboundEvent):
    """
    A message of which everything that cannot be seen is gone.

    Attributes:
        asks: What it wants of the suppression list, if anything.
        ref: What it is called on its channel; `follows` what those before it are, newest last.
        quoted_id: The provider's id of the message that it answers.
        sender_id: By which the provider knows its sender, whatever number they have.
        in_reply_to: Of `follows`, the one that it answers.
        named: Everybody whom it says that it is for, as it says it.
        also_for: Where else it may have been written to, best first.
        copies: Who else has it, if that is believed.
        auto: A program wrote it by itself.
        is_spoken: It says something in words, rather than by a picture, a place or a reaction.
        files: What came along, in its order, whose bytes are still with the provider.
        is_silent: It shows nothing that could be answered, as what was taken back.
    """

    channel: str
    provider_id: str
    sender: str
    recipient: str
    content: Content
    asks: OptWord | None
    occurred_at: datetime | None = None
    ref: str | None = None
    follows: tuple[str, ...] = ()
    in_reply_to: str | None = None
    named: tuple[str, ...] = ()
    also_for: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    quoted_id: str | None = None
    sender_id: str | None = None
    auto: bool = False
    is_spoken: bool = True
    is_silent: bool = False
    files: tuple[Expected, ...] = ()


class Unfit(ValueError):
    """A message that the hub cannot take; the sentence is for an operator."""


def seen(given: Received) -> Seen:
    """
    Return what can be seen of a message, its sender and its media, and what it asks for.

    Raises:
        Unfit: It is longer than any can be, or nobody sent it.
    """
    sender = " ".join(visible(given.sender).split())
    is_mail = isinstance(given, ReceivedEmail)  # which is shown, also where it names no sender
    if not (sender or is_mail) or len(sender) > _LONGEST_SENDER:
        raise Unfit("The provider does not say who wrote it.")
    if given.channel != Channel.SMS:  # of texts a sender may be anything, and stays as it came
        sender = rules_of(given.channel).read_address(sender, None) or sender
    bare = Seen(
        external_id=given.external_id,
        channel=given.channel,
        provider_id=given.provider_id,
        sender=sender,
        recipient=given.recipient,
        content=Content(body=""),
        asks=None,
        occurred_at=given.occurred_at,
    )
    if isinstance(given, ReceivedEmail):
        return _mail(given, bare)
    if len(given.body) > LONGEST_TEXT:
        raise Unfit(f"The text is longer than any can be: over {LONGEST_TEXT} characters.")
    content = Content(body=visible(given.body), media=_media(given.media))
    bare = replace(bare, files=_files(content.media))
    if isinstance(given, ReceivedWhatsApp):
        return _whatsapp(given, content, bare)
    return replace(bare, content=content, asks=_asks(given.opt_out, content.body))


def _whatsapp(given: ReceivedWhatsApp, content: Content, bare: Seen) -> Seen:
    spoken = given.content in (WhatsAppContent.TEXT, WhatsAppContent.CHOICE)
    is_caption = given.content is WhatsAppContent.MEDIA
    told = {"kind": given.content.value} if given.content is not WhatsAppContent.TEXT else {}
    if given.content in _NAMED_BY_VENDOR and _WORD.fullmatch(given.vendor_kind or ""):
        told["vendorKind"] = str(given.vendor_kind)
    return replace(
        bare,
        content=replace(
            content,
            sender_name=_line(given.sender_name) or None,
            choice=_line(given.choice) or None,
            choice_label=content.body if given.choice else None,
            told=tuple(told.items()),
        ),
        asks=_whatsapp_asks(given, content.body) if spoken or is_caption else None,
        is_spoken=spoken,
        is_silent=_is_silent(given, content),
        quoted_id=given.quoted_id,
        sender_id=_line(given.sender_id)[:_LONGEST_SENDER] or None,
    )


def _whatsapp_asks(given: ReceivedWhatsApp, body: str) -> OptWord | None:
    """Return what a message asks for; a tap closes by a whole phrase, and opens nothing."""
    if given.content is not WhatsAppContent.CHOICE:
        return _asks(given.opt_out, body, is_text=False)
    return OptWord.STOP if given.opt_out is OptOut.STOP else opt_word_of_pick(body)


def _is_silent(given: ReceivedWhatsApp, content: Content) -> bool:
    """Tell whether there is nothing to answer; an order and a form wait for an answer anyway."""
    if given.content in (WhatsAppContent.ORDER, WhatsAppContent.FORM):
        return False
    return not (shows_anything(content.body) or content.media or given.choice)


def _mail(given: ReceivedEmail, bare: Seen) -> Seen:
    body, page = visible(given.body), _page(given.html)
    if not body.strip() and page is not None:
        body = page.text
    if len(body) > LONGEST_MAIL:
        body = body[:LONGEST_MAIL] + _CUT
    body = without_tokens(body)
    new = _new_text(given.new_text, body)
    checks = given.authentication
    told = [
        ("spf", _verdict(checks.spf, checks.spf_domain)),
        ("dkim", _verdict(checks.dkim, checks.dkim_domain)),
        ("dmarc", checks.dmarc.value),
    ]
    told += [("to", without_tokens(_line(each))) for each in given.to[:_MOST_FILES]]
    told += [("warning", each) for each in _warnings(given, bare.sender, page)]
    content = Content(
        body=body,
        media=_media(given.media),
        subject=_line(given.subject),
        html=without_tokens(page.html) if page and page.html else None,
        cc=tuple(without_tokens(_line(each)) for each in given.cc[:_MOST_FILES]),
        reply_to=_line(given.reply_to) or None,
        sender_name=_name(given, bare.sender) or None,
        new_text=new if new != body.strip() else None,
        told=tuple(told),
    )
    named = tuple(map(_line, (*given.to, *given.cc)[: 2 * _MOST_FILES]))
    follows = [*given.references[-_MOST_IDS:], *([given.in_reply_to] if given.in_reply_to else [])]
    return replace(
        bare,
        content=content,
        asks=_mail_asks(given, new) if bare.sender and not given.auto else None,
        ref=_ref(given.message_id),
        follows=tuple(ref for each in follows if (ref := _ref(each))),
        in_reply_to=_ref(given.in_reply_to),
        also_for=tuple(map(_line, given.delivered_to[: 2 * _MOST_FILES])),
        named=named,
        # Whoever forges a sender brings nobody into a conversation.
        copies=named if checks.dmarc is not Verdict.FAIL else (),
        auto=given.auto,
        files=(*_files(content.media), *_attached(given)),
    )


def _attached(given: ReceivedEmail) -> Iterator[Expected]:
    """Give the files of a mail; one without a URL is told of, and cannot be had."""
    for each in given.attachments[:_MOST_FILES]:
        yield Expected(
            url=visible(each.url) if each.url else None,
            content_type=media_type(each.content_type),
            name=_line(each.name) or None,
            size_bytes=each.size_bytes,
        )


def _page(html: str | None) -> "Shown | None":
    """Return what a person sees of a mail's HTML."""
    if not html:
        return None
    from trunkline.core.mailtext import shown  # heavy, and of no use to texts

    return shown(html)


def _new_text(told: object, body: str) -> str:
    """Return what a mail says beside what it quotes."""
    from trunkline.sdk.mail.quotes import new_text  # of no use to texts

    found = without_tokens(visible(told)) if isinstance(told, str) else new_text(body)
    return found.strip()[:LONGEST_MAIL]


def _verdict(verdict: Verdict, domain: str | None) -> str:
    """Return how a check ended, and for whom if not for the sender: that proves nothing of it."""
    return f"{verdict.value} for {_line(domain)}" if domain else verdict.value


def _mail_asks(given: ReceivedEmail, new: str) -> OptWord | None:
    """
    Return what a mail asks for, where what is new in it is short: a wish is.

    Who forges a sender may close an address and never open one.
    """
    asks = _asks(given.opt_out, new if len(new) <= _NEWEST_PART else "", is_text=False)
    if not new and asks is None:  # mail programs leave a list by a subject alone
        by_subject = _asks(None, _line(given.subject), is_text=False)
        return by_subject if by_subject is OptWord.STOP else None
    is_forged = given.authentication.dmarc is Verdict.FAIL
    return None if asks is OptWord.START and is_forged else asks


def _name(given: ReceivedEmail, sender: str) -> str:
    """Return the name that a sender gave, unless it is an address; or everybody who is named."""
    if given.sender_candidates:
        return ", ".join(map(_line, given.sender_candidates[:_MOST_NAMED]))
    name = _line(given.sender_name)
    return "" if "@" in name and canonical(name) != canonical(sender) else name


def _warnings(given: ReceivedEmail, sender: str, page: "Shown | None") -> Iterator[str]:
    """Give what whoever reads a mail should know of it, in no words of its sender."""
    name = _line(given.sender_name)
    if given.sender_candidates:
        yield "It names several senders, so none of them is believed."
    elif not sender:
        yield "It names no sender."
    if name and not _name(given, sender):
        yield "Its sender called themselves by somebody else's address, which is left out."
    if given.authentication.dmarc is Verdict.FAIL:
        yield "It may not come from its sender: the check of the sender's domain failed."
    if page is not None and page.hid_text:
        yield "It hid text from the eye, which is left out."


def _line(text: object) -> str:
    return " ".join(visible(text).split())[:_LONGEST_ID] if isinstance(text, str) else ""


def _ref(text: object) -> str | None:
    return _line(text) or None


def _media(given: object) -> tuple[Media, ...]:
    # What is none cannot be stored, and what the message asks for counts all the same.
    if not isinstance(given, tuple) or not all(
        isinstance(each, Media) and isinstance(each.url, str) for each in given
    ):
        return given  # type: ignore[return-value]
    return tuple(
        Media(
            url=visible(each.url),
            content_type=media_type(each.content_type),
            name=_line(each.name) or None,
        )
        for each in given
    )


def _files(media: tuple[Media, ...]) -> tuple[Expected, ...]:
    """Return media as what is to be fetched."""
    found: object = media  # an adapter may have given anything
    if not isinstance(found, tuple) or not all(isinstance(each, Media) for each in found):
        return ()
    return tuple(
        Expected(url=each.url, content_type=each.content_type, name=each.name) for each in media
    )


def _asks(opt_out: OptOut | None, body: str, *, is_text: bool = True) -> OptWord | None:
    """Return what a text asks for; what the provider made of it counts for more than its words."""
    if opt_out is not None:
        return OptWord(str(opt_out))
    return opt_word(body, is_text=is_text)
