"""WhatsApp: numbers or user ids, session messages within 24 hours, and templates at any time."""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final

from trunkline.core.channels.base import Block, Facts, Outgoing, Units
from trunkline.core.channels.dialled import Dialled
from trunkline.core.messages.choices import numbered
from trunkline.core.messages.content import Content
from trunkline.core.problems import Invalid
from trunkline.sdk import WHATSAPP, AudioFormat, Capability, Choice, OutboundWhatsApp, shown_as

MAX_CHARACTERS: Final = 4096
"""Longest text of a session message (Meta, "Text messages", November 2026)."""

WINDOW: Final = timedelta(hours=24)
"""For so long after a person wrote last a session message may be sent."""

_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}|[1-9][0-9]{6,19}@lid")
"""
Of people who show no number: a business-scoped user id (Meta, read 2026-11-05), or a LID, as linked
phones know them by.
"""


_UNFIT: Final = re.compile(r"[ \u00a0\u2000-\u200a\u202f\u3000]{5}")
"""What no variable of a template may hold, beside line breaks (Meta's error 132018, 2026-11)."""


class WhatsApp(Dialled):
    """The rules of WhatsApp."""

    name = "whatsapp"
    kind = WHATSAPP.name
    noun = "WhatsApp message"
    address = "WhatsApp number"
    set_by = "whatsapp"
    fields = frozenset({"templateId", "templateVars", "templateLanguage"})
    asks_when_written = True
    sound = AudioFormat.OGG_OPUS

    def read_address(self, text: str, country: str | None) -> str | None:
        if _USER_ID.fullmatch(text.strip()):
            return text.strip()
        return super().read_address(text, country)

    def check(self, content: Content) -> Units:
        if content.template is None:
            super().check(content)
        self.check_fields(content)
        of_template = [
            *content.template_values,
            *(pair for at in content.at_providers for pair in at.values),
        ]
        if content.template and any(_UNFIT.search(value) for _, value in of_template):
            raise Invalid(
                "templateVars",
                "WhatsApp takes no more than four blanks in a row in a template's variable: leave "
                "some out.",
            )
        if len(numbered(content.body, content.choices)) > MAX_CHARACTERS:
            raise Invalid("body", f"a WhatsApp message has at most {MAX_CHARACTERS} characters.")
        return Units()

    def offering(self, content: Content) -> Content:
        return content  # what the provider shows of it is known when it is asked

    def over(self, content: Content, connection: str, able: Collection[str]) -> Content:
        content = content.over(connection)
        if not content.choices or _shown(content, able):
            return content
        return replace(content, body=numbered(content.body, content.choices), choices=())

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[str]:
        needed = {Capability.WHATSAPP_SEND}
        if with_media:
            needed.add(Capability.WHATSAPP_MEDIA)
        if with_template:
            needed.add(Capability.WHATSAPP_TEMPLATE)
        return frozenset(needed)

    def allowed(self, content: Content, facts: Facts) -> Block | None:
        if content.template is not None:
            return None
        if facts.wrote_at is not None and facts.now - facts.wrote_at < WINDOW:
            return None
        if content.language is not None:  # of a template that the provider has not
            return Block(
                rule="window",
                sentence="This person has not written within the last 24 hours, and WhatsApp takes "
                "only approved templates then: this one has none at the provider. Its operator can "
                "name it (`trunkline templates set`).",
            )
        return Block(
            rule="window",
            sentence="This person has not written within the last 24 hours, and WhatsApp takes "
            "only templates then: send one, by comms_send_message with its templateId.",
        )

    def outbound(self, content: Content, outgoing: Outgoing) -> OutboundWhatsApp:
        return OutboundWhatsApp(
            sender=outgoing.sender,
            recipient=outgoing.recipient,
            body=content.body if content.voice is None else "",  # the sound says it
            idempotency_key=outgoing.key,
            status_url=outgoing.status_url,
            media=content.media,
            template=content.template,
            template_values=dict(content.template_values),
            language=content.language.replace("-", "_") if content.language else None,
            choices=_choices(content),
            quoted_id=outgoing.references[-1] if outgoing.references else None,
        )


def _shown(content: Content, able: Collection[str]) -> bool:
    """Tell whether a provider shows the choices itself, as buttons or as a list."""
    return not content.media and bool(content.body.strip()) and shown_as(_choices(content)) in able


def _choices(content: Content) -> tuple[Choice, ...]:
    return tuple(Choice(id=each, label=label) for each, label in content.choices)


RULES: Final = WhatsApp()
