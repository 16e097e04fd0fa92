"""An open adapter, or a copy of it with a mistake, on an account in memory."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, ClassVar, Final, TypeVar

from plugins.twilio.tests.provisioning_vendor import (
    Vendor,
)
from plugins.twilio.tests.vendor import CONFIG, refusal
from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    RetryLater,
)
from trunkline.testing import DROP_AFTER, DROP_BEFORE, Canned, RecordingLog, provider_context

T = TypeVar("T")
BROKEN: Final = [
    (DROP_BEFORE, RetryLater),
    (DROP_AFTER, OutcomeUnknown),
    (refusal(500, 20500), OutcomeUnknown),
    (Canned(status=201, json={}), OutcomeUnknown),
    (refusal(401, 20003), AuthFailed),
    (refusal(429, 20429), RetryLater),
]


class Asking:
    """`package` may be a copy of the adapter with a mistake in it."""

    package: ClassVar[str] = "trunkline_twilio"

    async def ask(
        self,
        vendor: Vendor,
        question: Callable[[Any], Awaitable[T]],
        of: str = "sms.Twilio",
        **config: object,
    ) -> T:
        """Ask an open account something."""
        module, _, name = of.partition(".")
        opened = getattr(import_module(f"{self.package}.{module}"), name)
        model = import_module(f"{self.package}.config").TwilioConfig
        log = RecordingLog()
        async with vendor.client() as http:
            context = provider_context(http, log=log)
            answer = await question(opened(model.model_validate({**CONFIG, **config}), context))
        assert not log.events
        return answer

    async def ask_senders(self, vendor: Vendor, question: Callable[[Any], Awaitable[T]]) -> T:
        return await self.ask(vendor, question, "whatsapp.TwilioWhatsApp")
