"""E-mail: addresses with an @, subjects, text and HTML, threads by Message-ID."""

from dataclasses import replace
from html import escape
from typing import ClassVar, Final
from urllib.parse import quote

from trunkline.core.addresses import read_email
from trunkline.core.agents.models import Agent
from trunkline.core.channels.base import ChannelRules, Outgoing, Units
from trunkline.core.compliance.repository import Why
from trunkline.core.messages.content import Content, shows_anything
from trunkline.core.problems import Invalid
from trunkline.sdk import EMAIL, Capability, FailureKind, OutboundEmail

MAX_BYTES: Final = 1_000_000
"""Most bytes of a mail's text and of its HTML: Gmail shows 102 kB of it; none needs more."""

MOST_SUBJECT: Final = 988
"""Most characters of a subject: it fits a header's line (RFC 5322 §2.1.1)."""

MOST_COPIES: Final = 50
"""Most recipients of one mail, copies too: Resend's limit ("Send email", November 2026)."""


_AUTOMATIC: Final = {"Auto-Submitted": "auto-replied"}
"""On an answer to what a program wrote: no program that keeps RFC 3834 answers that again."""


class Email(ChannelRules):
    """The rules of e-mail."""

    name = "email"
    kind = EMAIL.name
    noun = "mail"
    address = "e-mail address"
    set_by = "email"
    neither = "neither a bare e-mail address (such as ann@example.com) nor the id of an agent."
    fields = frozenset({"subject", "html", "cc", "bcc"})
    has_threads = True
    closing: ClassVar = {
        FailureKind.OPTED_OUT: Why.COMPLAINED,
        FailureKind.UNREACHABLE: Why.BOUNCED,
    }

    def read_address(self, text: str, country: str | None) -> str | None:
        return read_email(text)

    def read_own(self, text: str) -> str:
        address = read_email(text)
        if address is None:
            raise Invalid(self.set_by, "give a bare e-mail address, such as ann@example.com.")
        return address.lower()  # so that no other agent has it in another case

    def check(self, content: Content) -> Units:
        self.check_fields(content)
        if not content.subject.strip():
            raise Invalid("subject", "a mail needs a subject, unless it answers one (replyTo).")
        if not (shows_anything(content.body) or content.html or content.media):
            raise Invalid("body", "a mail without attachments cannot be empty.")
        for field, text in (("body", content.body), ("html", content.html or "")):
            if len(text.encode()) > MAX_BYTES:
                raise Invalid(field, f"a mail's text has at most {MAX_BYTES:,} bytes.")
        for field, addresses in (("cc", content.cc), ("bcc", content.bcc)):
            for index, each in enumerate(addresses):
                if (read_email(each) or "").lower() != each.lower():
                    raise Invalid(
                        f"{field}.{index}", "give a bare e-mail address, such as ann@example.com."
                    )
        if len(content.cc) + len(content.bcc) >= MOST_COPIES:
            raise Invalid("cc", f"a mail has at most {MOST_COPIES} recipients.")
        return Units()

    def answering(self, content: Content, subject: str) -> Content:
        if content.subject.strip() or not subject:
            return content
        from trunkline.sdk.mail.threads import reply_subject  # of no use to texts

        return replace(content, subject=reply_subject(subject)[:MOST_SUBJECT])

    def signed(self, content: Content, agent: Agent) -> Content:
        return replace(content, sender_name=agent.display_name)

    def answerable(self, address: str) -> bool:
        return bool(address)

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[str]:
        more = {Capability.EMAIL_ATTACH} if with_media else set()
        return frozenset({Capability.EMAIL_SEND} | more)

    def outbound(self, content: Content, outgoing: Outgoing) -> OutboundEmail:
        own = self.ref(outgoing.message_id, outgoing.sender)
        return OutboundEmail(
            sender=outgoing.sender,
            recipient=outgoing.recipient,
            body=content.body,
            idempotency_key=outgoing.key,
            status_url=outgoing.status_url,
            media=content.media,
            subject=content.subject,
            message_id=own,
            sender_name=content.sender_name,
            html=_with_links(content, outgoing),
            cc=content.cc,
            bcc=content.bcc,
            reply_to=content.reply_to or outgoing.reply_address,
            in_reply_to=outgoing.references[-1] if outgoing.references else None,
            references=outgoing.references,
            headers=_AUTOMATIC if outgoing.to_automatic else {},
        )

    def ref(self, message_id: str, sender: str) -> str:
        return f"<{message_id}@{sender.rpartition('@')[2]}>"


def _with_links(content: Content, outgoing: Outgoing) -> str | None:
    """Return a mail's HTML with a link for each choice, that writes the answer."""
    if not content.html or not content.choices:
        return content.html
    from trunkline.sdk.mail.threads import reply_subject  # of no use to texts

    to = quote(content.reply_to or outgoing.reply_address or outgoing.sender, safe="@+")
    again = reply_subject(content.subject)
    lines = "".join(
        f'<li><a href="mailto:{to}?subject={quote(again)}&amp;body={quote(label)}">'
        f"{escape(label)}</a></li>"
        for _, label in content.choices
    )
    body, end, rest = content.html.rpartition("</body>")
    return f"{body}<ol>{lines}</ol>{end}{rest}" if end else f"{content.html}<ol>{lines}</ol>"


RULES: Final = Email()
