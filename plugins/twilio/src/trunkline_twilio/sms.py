"""Texts and calls through Twilio, and the numbers for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline.sdk import OutboundSms, ProviderContext
from trunkline_twilio.calls import Calls
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.messages import Messages
from trunkline_twilio.registrations import Registrations
from trunkline_twilio.subaccounts import Subaccounts


class Twilio(Messages[OutboundSms], Registrations, Subaccounts, Calls):
    """One open Twilio account, for texts, calls and numbers."""

    def sent_from(self, sender: str, recipient: str) -> str:
        return self._config.sender(sender, recipient)


@asynccontextmanager
async def open_twilio(config: TwilioConfig, context: ProviderContext) -> AsyncIterator[Twilio]:
    """Open one account. Twilio has no log-in, so nothing needs undoing either."""
    yield Twilio(config, context)
