"""Texts through Twilio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline.sdk import OutboundSms, ProviderContext, TelephonyProvider
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.messages import Messages


class Twilio(Messages[OutboundSms], TelephonyProvider):
    """One open Twilio account, for texts."""

    def sent_from(self, sender: str, recipient: str) -> str:
        return self._config.sender(sender, recipient)


@asynccontextmanager
async def open_twilio(config: TwilioConfig, context: ProviderContext) -> AsyncIterator[Twilio]:
    """Open one account. Twilio has no log-in, so nothing needs undoing either."""
    yield Twilio(config, context)
