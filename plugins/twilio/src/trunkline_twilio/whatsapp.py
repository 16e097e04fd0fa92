"""WhatsApp messages through Twilio: those of a conversation, templates, and senders' states."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from trunkline.sdk import (
    Account,
    OutboundWhatsApp,
    OutcomeUnknown,
    ProviderContext,
    Readiness,
    Rejected,
    Report,
    Template,
    WhatsAppProvider,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.messages import Messages
from trunkline_twilio.senders import Senders
from trunkline_twilio.subaccounts import Subaccounts
from trunkline_twilio.templates import Contents

_NO_SENDER: Final = (
    "It has no WhatsApp sender of its own, so only Twilio's sandbox works: register one."
)


class TwilioWhatsApp(Messages[OutboundWhatsApp], Senders, Subaccounts, WhatsAppProvider):
    """One open Twilio account, for WhatsApp messages."""

    prefix = "whatsapp:"

    def content(self, message: OutboundWhatsApp) -> Mapping[str, str]:
        if len(message.media) > 1:
            raise Rejected("A WhatsApp message takes one medium: send each in one of its own.")
        if message.template is None:
            return {"Body": message.body}
        if message.media:
            raise Rejected("A template brings its own media: send them in a message of their own.")
        fields = {"ContentSid": message.template}
        if message.template_values:
            fields["ContentVariables"] = json.dumps(dict(message.template_values))
        return fields

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        if not recipient.startswith("+"):
            # Twilio may list it under the person's number: that it is not there proves nothing.
            raise OutcomeUnknown("Twilio cannot list what went to a person without a number.")
        return await super().find(sender, recipient, since)

    async def templates(self) -> list[Template]:
        pages = await self._listed_at("content", "/v1/ContentAndApprovals", Contents)
        return [each.template() for page in pages for each in page.contents]

    async def verify(self) -> Account:
        if self._config.api_key_sid:  # a restricted one may send, and not ask for the senders
            return await super().verify()
        senders = await self.senders()
        states = Counter(
            each.standing.vendor_status
            for each in senders
            if each.standing.readiness is not Readiness.READY
        )
        notes = [_NO_SENDER] if not senders else []
        notes += [
            f"{count} of its WhatsApp senders: {state}. See why in Twilio's console."
            for state, count in sorted(states.items())
        ]
        return Account(notes=tuple(notes))


@asynccontextmanager
async def open_whatsapp(
    config: TwilioConfig, context: ProviderContext
) -> AsyncIterator[TwilioWhatsApp]:
    """Open one account, as for texts."""
    yield TwilioWhatsApp(config, context)
