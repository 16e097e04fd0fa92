"""What must reach the vendor of a mail, in every e-mail adapter, whoever wrote it."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from email.utils import getaddresses, parseaddr
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import EMAIL, Capability, KeyForm, Media, Outbound, OutboundEmail, Rejected
from trunkline.testing.asking import KEYS
from trunkline.testing.messages import BaseMessageConformance
from trunkline.testing.providers import Question
from trunkline.testing.sending import MEDIA
from trunkline.testing.webhooks import Abilities
from trunkline.testing.wire import AnyWire, Wire

MAILS: Final = Abilities(
    send=Capability.EMAIL_SEND,
    media=Capability.EMAIL_ATTACH,
    receive=Capability.EMAIL_RECEIVE,
    report=Capability.EMAIL_STATUS,
    received="email_received",
)
SUBJECTS: Final = {
    "accents": "Grüße aus Zürich: 中文 👋",
    "marks": 'Re: a=1&b=2+3 %20 "q" <b> =?utf-8?q?no?= {x}',
    "blanks": "two  between and one:more; (x), [y]",
    "long": "0123456789 abcde" * 15,
}
"""Subjects as people write them; the longest has 240 characters."""
HTML: Final = {
    "marks": '<p style="color:red">Gr\u00fc\u00dfe &amp; &lt;mehr&gt; 👋</p>\n<a href="https://x.example/?a=1&b=2">x</a>',
    "long": "<p>" + "0123456789 abcde " * 600 + "the end</p>",
}
FILES: Final[Mapping[str, bytes]] = {
    url: f"%PDF-1.7 {number}".encode() * 50 for number, url in enumerate(MEDIA)
}
"""What lies at the URLs of `MEDIA`, for adapters that fetch what they attach."""
ATTACHED: Final = tuple(
    Media(url=url, name=name, content_type=content_type)
    for url, (name, content_type) in zip(
        MEDIA,
        [
            ("Invoice 7 (final).pdf", "application/pdf"),
            ("Grüße, Zürich.png", "image/png"),
            ("notes.txt", "text/plain"),
        ],
        strict=True,
    )
)
_NEEDED: Final = ("sender", "recipient", "subject", "body", "html", "cc", "bcc")
_MAY_BE_LEFT_OUT: Final = ("sender_name", "reply_to", "message_id", "in_reply_to", "references")
_THIEF: Final = "Bcc: thief@elsewhere.example"
_BREAKS: Final = ("\r\n", "\n", "\r")
_PLACES: Final = (
    *("sender", "sender_name", "recipient", "subject", "cc", "bcc", "reply_to", "message_id"),
    *("in_reply_to", "references", "header", "header_name", "media_name", "media_type"),
)


class BaseMailSendingConformance(BaseMessageConformance):
    """
    The part of `BaseEmailConformance` that reads the request of a send.

    Attributes:
        message: The mail that is sent: it has everything that a mail may have but files.
        left_out: What of a mail the vendor has no place for, or what it never tells, each with the
            reason. Only these may be: ``sender_name``, ``reply_to``, ``message_id``,
            ``in_reply_to``, ``references`` and ``headers`` of a send, ``media_name`` and
            ``media_type`` of its files, and of what comes in the names that
            `BaseEmailConformance` asks for.
    """

    kind = EMAIL.name
    abilities = MAILS
    other_recipient = "bert.other+news@example.org"
    strangers = ("nobody@hub.example", "nobody@example.org")
    message: ClassVar[OutboundEmail] = OutboundEmail(
        sender="agent-1@hub.example",
        sender_name="Agent Öne",
        recipient="ann@example.org",
        subject="Your order no. 7: Grüße",
        body="Héllo, wörld 👋",
        html="<p>Héllo, <b>wörld</b> 👋</p>",
        cc=("carl@example.net", "cora@example.net"),
        bcc=("dora.hidden@example.com", "dirk.hidden@example.com"),
        reply_to="agent-1+t0199c2a0@hub.example",
        message_id="<msg-0199c2a0.1@hub.example>",
        in_reply_to="<CAF4-3@mail.example.org>",
        references=("<CAF4-1@mail.example.org>", "<CAF4-3@mail.example.org>"),
        headers={"Auto-Submitted": "auto-replied", "X-Thread-Token": "t0199c2a0"},
        idempotency_key=KEYS[KeyForm.ANY][0],
        status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
    )

    def text(self, number: int = 0) -> OutboundEmail:
        """Return `message` with a key in the form that the vendor takes."""
        mail = super().text(number)
        assert isinstance(mail, OutboundEmail)
        return replace(mail, message_id=f"<msg-0199c2a0.{number}@hub.example>") if number else mail

    def plain(self) -> OutboundEmail:
        """Return the mail with nothing but what every mail has."""
        return replace(
            self.text(),
            sender_name=None,
            html=None,
            reply_to=None,
            in_reply_to=None,
            cc=(),
            bcc=(),
            references=(),
            headers={},
        )

    def private(self) -> list[str]:
        """Return what of the mail is nobody's business."""
        mail = self.text()
        return [*super().private(), mail.subject, mail.html or mail.body, *mail.cc, *mail.bcc]

    def wire(self, answer: Any) -> AnyWire:
        """Return the vendor, and the files that may be fetched."""
        return Wire(answer, files=FILES)

    def assert_whole(self, request: Any, sms: Outbound) -> None:
        """Assert that a request holds each part of a mail in the field where it belongs."""
        assert isinstance(sms, OutboundEmail)
        for attribute in (*_NEEDED, *_MAY_BE_LEFT_OUT):
            if attribute not in self.left_out:
                self._assert_in_place(request, sms, attribute)
        if "headers" not in self.left_out:
            for name, value in sms.headers.items():
                assert self.header(request, name) == [value], f"the header {name}"
        for attribute in ("status_url", "idempotency_key"):
            if attribute in self.sends_as.values():
                held = [
                    value and value.partition("#")[0] for value in self.values(request, attribute)
                ]
                assert held == [getattr(sms, attribute)], attribute

    def _assert_in_place(self, request: Any, mail: OutboundEmail, attribute: str) -> None:
        values = [value or "" for value in self.values(request, attribute)]
        wanted = getattr(mail, attribute)
        match attribute:
            case "sender" | "recipient" | "reply_to":
                assert _addresses(values) == [wanted] if wanted else not any(values), attribute
            case "cc" | "bcc":
                assert _addresses(values) == list(wanted), attribute
            case "references":
                assert [each for value in values for each in value.split()] == list(wanted), (
                    attribute
                )
            case "sender_name" if attribute not in self.sends_as.values():
                names = [parseaddr(value or "")[0] for value in self.values(request, "sender")]
                assert names == [wanted or ""], attribute
            case "body" | "html":
                texts = [_lines(value) for value in values if value]
                assert texts == ([_lines(wanted)] if wanted else []), attribute
            case _:
                assert [*filter(None, values)] == ([wanted] if wanted else []), attribute

    def header(self, request: Any, name: str) -> list[str | None]:
        """Return what a header of the mail holds in a request."""
        return [
            value
            for path, value in self.fields(request)
            if name.lower() in (each.lower() for each in path)
        ]

    # --- what reaches the vendor ------------------------------------------------------------------

    def test_each_part_of_a_mail_has_its_field_or_is_said_to_have_none(self) -> None:
        self.needs(self.abilities.send)
        optional = {*_MAY_BE_LEFT_OUT, "headers"}
        placed = {*self.sends_as.values(), *self.left_out, "sender_name"}

        missing = [each for each in (*_NEEDED, *_MAY_BE_LEFT_OUT) if each not in placed]
        assert not missing, (
            f"say in `sends_as` which fields hold {missing}, or in `left_out` why none"
        )
        assert not {*self.left_out}.intersection(_NEEDED), "every mail needs these"
        for name, reason in self.left_out.items():
            assert reason, f"say why {name} is left out"
        mail = self.text()
        request = self.sent(mail)
        for name in optional.intersection(self.left_out) - {"headers", "in_reply_to"}:
            held = mail.references[0] if name == "references" else getattr(mail, name)
            assert not self.reaches(held, request), f"{name} is not left out at all"

    @pytest.mark.parametrize("subject", SUBJECTS)
    def test_a_subject_reaches_the_vendor_whole(self, subject: str) -> None:
        mail = replace(self.text(), subject=SUBJECTS[subject])

        self.assert_whole(self.sent(mail), mail)

    @pytest.mark.parametrize(
        "shown", ["Doe, Ann", 'Ann "Acme" Doe', "Doe <doe@evil.example>", "Änne"]
    )
    def test_a_senders_name_is_quoted_where_it_holds_what_divides_addresses(
        self, shown: str
    ) -> None:
        if "sender_name" in self.left_out:
            pytest.skip(self.left_out["sender_name"])
        mail = replace(self.text(), sender_name=shown)

        self.assert_whole(self.sent(mail), mail)

    @pytest.mark.parametrize("html", HTML)
    def test_html_reaches_the_vendor_whole_and_its_text_with_it(self, html: str) -> None:
        mail = replace(self.text(), html=HTML[html])

        self.assert_whole(self.sent(mail), mail)

    def test_a_mail_of_text_alone_gets_nothing_that_it_lacks(self) -> None:
        plain = self.plain()
        request, whole = self.sent(plain), self.sent(self.text())

        self.assert_whole(request, plain)
        added = {leaf for leaf in self.fields(request) if leaf[1] in {"", "None", "null"}}
        assert not added - {*self.fields(whole)}

    def test_a_hidden_copy_stands_where_no_recipient_sees_it(self) -> None:
        mail = self.text()
        request = self.sent(mail)
        hidden = {name for name, attribute in self.sends_as.items() if attribute == "bcc"}

        for path, value in self.fields(request):
            if not hidden.intersection(path):
                shown = [each for each in mail.bcc if each in (value or "")]
                assert not shown, f"{'.'.join(path)} shows who gets a hidden copy"

    def test_copies_go_out_with_one_mail_and_one_send(self) -> None:
        attempt = self.attempt(self.answer("accepted"))

        assert len(attempt.wire.requests) == 1

    @pytest.mark.parametrize("place", _PLACES)
    def test_no_field_of_a_mail_begins_another_header(self, place: str) -> None:
        self.needs(self.abilities.send)
        if place.startswith("media"):
            self.needs(self.abilities.media)
        for mail in _injected(self.text(), place):
            attempt = self.asked(self.answer("accepted"), _sending(mail))

            assert isinstance(attempt.outcome, Rejected), "refuse it before the wire"
            assert not attempt.wire.requests
            assert not self.tells(attempt)

    # --- files ------------------------------------------------------------------------------------

    def test_every_medium_reaches_the_vendor_by_its_url(self) -> None:
        """Overridden: a file's URL, or what lies there, in Base64 or as it is."""
        self.needs(self.abilities.media)
        request = self.sent(replace(self.text(), media=ATTACHED))

        held = [url for value in self.values(request, "media") if (url := _file(value or ""))]
        assert held == [each.url for each in ATTACHED], "each once and in their order"

    @pytest.mark.parametrize(
        ("attribute", "part"), [("name", "media_name"), ("content_type", "media_type")]
    )
    def test_a_file_keeps_its_name_and_its_type(self, attribute: str, part: str) -> None:
        self.needs(self.abilities.media)
        self.needs_place(part)
        assert part in self.sends_as.values(), f"say in `sends_as` which field holds {part}"
        request = self.sent(replace(self.text(), media=ATTACHED))

        assert self.values(request, part) == [getattr(each, attribute) for each in ATTACHED]

    def test_files_leave_the_rest_of_a_mail_alone(self) -> None:
        self.needs(self.abilities.media)
        mail = replace(self.text(), media=ATTACHED)

        self.assert_whole(self.sent(mail), mail)


def _sending(mail: OutboundEmail) -> Question:
    return lambda each: each.send(mail)


def _addresses(values: list[str]) -> list[str]:
    return [address for _, address in getaddresses([each for each in values if each])]


def _lines(text: str) -> str:
    """Return a text as mails have it: what ends its lines, and how many end it, is nobody's."""
    return text.replace("\r\n", "\n").rstrip("\n")


def _file(value: str) -> str | None:
    """Return the URL of the file that a field names or holds."""
    if value in FILES:
        return value
    held = value.encode()
    with suppress(ValueError):
        held = b64decode(value, validate=True)
    return next((url for url, content in FILES.items() if held in (content, value.encode())), None)


def _injected(mail: OutboundEmail, place: str) -> Iterator[OutboundEmail]:
    """Return a mail with each kind of line break, and a header after it, in one place."""
    for line_break in _BREAKS:
        evil = f"{line_break}{_THIEF}"
        changes: dict[str, dict[str, Any]] = {
            "header": {"headers": {**mail.headers, "Auto-Submitted": f"no{evil}"}},
            "header_name": {"headers": {**mail.headers, f"X-One: 1{evil}{line_break}X-Two": "2"}},
            "media_name": {"media": (replace(ATTACHED[0], name=f"a{evil}.pdf"),)},
            "media_type": {"media": (replace(ATTACHED[0], content_type=f"text/html{evil}"),)},
        }
        changed = changes.get(place, {})
        if not changed:
            held = getattr(mail, place)
            changed[place] = held + evil if isinstance(held, str) else (*held[:-1], held[-1] + evil)
        yield replace(mail, **changed)
