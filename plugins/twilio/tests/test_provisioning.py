"""What is asked of Twilio about numbers, senders and accounts, and what is read of its answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from plugins.twilio.tests.numbers_suite import NumbersSuite
from plugins.twilio.tests.provisioning_vendor import BRITISH, NUMBER, PRICES, Fault, Vendor, offer
from plugins.twilio.tests.registrations_suite import RegistrationsSuite
from plugins.twilio.tests.senders_suite import SendersSuite
from plugins.twilio.tests.vendor import CONFIG, refusal
from trunkline.sdk import NumberOperations
from trunkline.testing import BaseNumberConformance, provider_context
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.plugin import TWILIO

TROUBLE = {
    "taken": Fault("POST", "IncomingPhoneNumbers.json", refusal(400, 21422)),
    "failed_after_buying": Fault(
        "POST", "IncomingPhoneNumbers.json", refusal(500, 20500), after=True
    ),
}


class TestTwilioNumbers(BaseNumberConformance):
    spec = TWILIO

    @asynccontextmanager
    async def account(self, trouble: str | None = None) -> AsyncIterator[NumberOperations]:
        for_sale = [
            offer(NUMBER),
            offer("+14155550101", address_requirements="local"),
            offer("+14155550102"),
        ]
        vendor = Vendor(
            sale={("US", "Local"): for_sale, ("GB", "Mobile"): [offer(BRITISH, iso_country="GB")]},
            prices={"US": PRICES},
            faults=[TROUBLE[trouble]] if trouble else [],
        )
        config = TwilioConfig.model_validate(CONFIG)
        async with vendor.client() as http, TWILIO.open(config, provider_context(http)) as each:
            yield each


class TestNumbers(NumbersSuite):
    pass


class TestRegistrations(RegistrationsSuite):
    pass


class TestSenders(SendersSuite):
    pass
