"""What the adapter must get right about WhatsApp senders, and accounts below its own."""

from typing import Final

import pytest

from plugins.twilio.tests.asking import BROKEN, Asking
from plugins.twilio.tests.provisioning_vendor import (
    BELOW,
    BELOW_TOKEN,
    NUMBER,
    RETRIES,
    XE,
    Fault,
    Vendor,
    sender,
)
from plugins.twilio.tests.vendor import ACCOUNT
from trunkline.sdk import (
    E164,
    OutcomeUnknown,
    Quality,
    Readiness,
    Rejected,
    SenderSettings,
)
from trunkline.testing import DROP_AFTER, Canned, Drop

SENDER: Final = SenderSettings(
    display_name="Acme Support",
    inbound_url="https://hub.example/webhooks/ava/whatsapp",
    status_url="https://hub.example/webhooks/ava/message-status",
)


class SendersSuite(Asking):
    """What the adapter must get right about WhatsApp senders, and accounts below its own."""

    # --- WhatsApp senders -------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("status", "readiness", "words"),
        [
            ("ONLINE", Readiness.READY, None),
            ("ONLINE:UPDATING", Readiness.READY, None),
            ("CREATING", Readiness.PENDING, "wait"),
            ("VERIFYING", Readiness.PENDING, "wait"),
            ("PENDING_VERIFICATION", Readiness.PENDING, "code"),
            ("TWILIO_REVIEW", Readiness.PENDING, "wait"),
            ("DRAFT", Readiness.PENDING, "draft"),
            ("STUBBED", Readiness.PENDING, "draft"),
            ("PONDERING", Readiness.PENDING, "console"),
            ("OFFLINE", Readiness.REJECTED, "63020"),
        ],
    )
    async def test_a_sender_stands_as_twilio_says(
        self, status: str, readiness: Readiness, words: str | None
    ) -> None:
        reasons = [{"code": "63020", "message": f"Number {NUMBER} is bad.", "more_info": None}]
        shown = sender(status=status, offline_reasons=reasons)

        (found,) = await self.ask_senders(Vendor(senders={XE: shown}), lambda each: each.senders())

        assert (found.number, found.provider_id) == (NUMBER, XE)
        assert (found.standing.readiness, found.standing.vendor_status) == (readiness, status)
        assert found.standing.sentence is None if words is None else words in str(found.standing)
        assert NUMBER not in str(found.standing)

    @pytest.mark.parametrize(
        ("rating", "quality"),
        [
            ("HIGH", Quality.HIGH),
            ("MEDIUM", Quality.MEDIUM),
            ("LOW", Quality.LOW),
            ("UNKNOWN", Quality.UNKNOWN),
            (None, Quality.UNKNOWN),
        ],
    )
    async def test_the_quality_of_a_sender_is_told(
        self, rating: str | None, quality: Quality
    ) -> None:
        shown = sender(properties={"quality_rating": rating})

        found = await self.ask_senders(
            Vendor(senders={XE: shown}), lambda each: each.find_sender(E164(NUMBER))
        )

        assert found is not None
        assert found.quality is quality

    async def test_a_sender_is_registered_found_set_and_removed(self) -> None:
        vendor = Vendor()
        ask = self.ask_senders
        assert await ask(vendor, lambda each: each.find_sender(E164(NUMBER))) is None

        made = await ask(vendor, lambda each: each.register_sender(E164(NUMBER), SENDER))

        assert (made.standing.readiness, made.settings) == (Readiness.PENDING, SENDER)
        assert vendor.senders[XE]["sender_id"] == f"whatsapp:{NUMBER}"
        assert vendor.senders[XE]["webhook"]["callback_url"] == f"{SENDER.inbound_url}{RETRIES}"
        found = await ask(vendor, lambda each: each.find_sender(E164(NUMBER)))
        assert found == made

        for _ in range(2):
            await ask(vendor, lambda each: each.remove_sender(XE))
        assert vendor.senders == {}

    async def test_a_sender_is_read_back_and_its_name_goes_to_review_only_if_it_changes(
        self,
    ) -> None:
        vendor = Vendor(senders={XE: sender()})

        for _ in range(2):
            found = await self.ask_senders(vendor, lambda each: each.set_sender(XE, SENDER))
            assert found.settings == SENDER

        bodies = [body for method, *_, body in vendor.asked if method == "POST"]
        assert ["profile" in each for each in bodies] == [True, False]

    async def test_senders_that_have_no_number_are_left_out(self) -> None:
        vendor = Vendor(senders={XE: sender(phone="acme_agent")})

        assert await self.ask_senders(vendor, lambda each: each.senders()) == []

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_senders_that_cannot_be_read_are_not_none(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        with pytest.raises(kind):
            await self.ask_senders(
                Vendor(faults=[Fault("GET", "Senders", answer)]),
                lambda each: each.find_sender(E164(NUMBER)),
            )

    # --- accounts below ---------------------------------------------------------------------------

    async def test_an_account_below_is_made_found_and_closed(self) -> None:
        vendor = Vendor()
        for of in ("sms.Twilio", "whatsapp.TwilioWhatsApp"):
            vendor.accounts.clear()
            made = await self.ask(vendor, lambda each: each.create_subaccount("tl-ava"), of)
            found = await self.ask(vendor, lambda each: each.subaccounts_named("tl-ava"), of)

            assert found == [made]
            assert (made.provider_id, made.name, made.active) == (BELOW, "tl-ava", True)
            assert made.credentials == {
                "account_sid": BELOW,
                "auth_token": BELOW_TOKEN,
                "base_url": "https://api.twilio.com",
            }
            assert BELOW_TOKEN not in repr(made)

            for _ in range(2):
                await self.ask(vendor, lambda each: each.close_subaccount(BELOW), of)
            assert vendor.accounts[0]["status"] == "closed"
            assert await self.ask(vendor, lambda each: each.subaccounts_named("tl-ava"), of) == []

    async def test_the_connections_own_account_is_none_below_it_and_is_never_closed(self) -> None:
        own = {"sid": ACCOUNT, "friendly_name": "tl", "status": "active", "auth_token": "x" * 32}
        vendor = Vendor(accounts=[own])

        assert await self.ask(vendor, lambda each: each.subaccounts_named("tl")) == []
        with pytest.raises(Rejected, match="own account"):
            await self.ask(vendor, lambda each: each.close_subaccount(ACCOUNT))
        assert own["status"] == "active"

    async def test_an_account_whose_answer_was_lost_is_found_by_its_name(self) -> None:
        fault = Fault("POST", "Accounts.json", DROP_AFTER, after=True)
        vendor = Vendor(faults=[fault])

        with pytest.raises(OutcomeUnknown):
            await self.ask(vendor, lambda each: each.create_subaccount("tl-ava"))

        (found,) = await self.ask(vendor, lambda each: each.subaccounts_named("tl-ava"))
        assert found.provider_id == BELOW
