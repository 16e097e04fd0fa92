"""WhatsApp messages through Twilio: those of a conversation, templates, and senders' states."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from pydantic import Field

from trunkline.sdk import (
    Account,
    OutboundWhatsApp,
    OutcomeUnknown,
    ProviderContext,
    Rejected,
    Report,
    Template,
    WhatsAppProvider,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.messages import MOST_PAGES, PAGE_SIZE, Answer, Messages, read
from trunkline_twilio.templates import Contents

_SENDERS: Final = "/v2/Channels/Senders?Channel=whatsapp&PageSize=1000"
_CONTENTS: Final = "/v1/ContentAndApprovals"
_ONLINE: Final = ("ONLINE", "ONLINE:UPDATING")
_NO_SENDER: Final = (
    "It has no WhatsApp sender of its own, so only Twilio's sandbox works: register one."
)


class TwilioWhatsApp(Messages[OutboundWhatsApp], WhatsAppProvider):
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
        found: list[Template] = []
        uri, base_url = f"{_CONTENTS}?PageSize={PAGE_SIZE}", self._config.host("content")
        for _ in range(MOST_PAGES):
            page = read(Contents, self._succeeded(await self._get(uri, base_url)))
            found += [each.template() for each in page.contents]
            if not page.meta.next_page_url:
                return found
            place, _, query = page.meta.next_page_url.partition("?")
            if place != f"{base_url}{_CONTENTS}":  # the credentials go where it leads
                raise OutcomeUnknown("Twilio's list of templates leads somewhere else.")
            uri = f"{_CONTENTS}?{query}"
        raise OutcomeUnknown("Twilio lists more templates than can be read.")

    async def verify(self) -> Account:
        if self._config.api_key_sid:  # a restricted one may send, and not ask for the senders
            return await super().verify()
        page = read(
            _Senders, self._succeeded(await self._get(_SENDERS, self._config.host("messaging")))
        )
        states = Counter(each.status for each in page.senders if each.status not in _ONLINE)
        notes = [_NO_SENDER] if not page.senders else []
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


class _Sender(Answer):
    status: str = Field("UNKNOWN", pattern="^[A-Z_:]{1,32}$")


class _Senders(Answer):
    senders: list[_Sender]
