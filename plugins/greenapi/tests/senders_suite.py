"""What the adapter must get right about the one sender of its instance, whichever copy of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, TypeVar

import httpx2
import pytest

from plugins.greenapi.tests.double import TLS, Double
from plugins.greenapi.tests.vendor import CONFIG, HUB, TOKEN
from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    ProviderError,
    ProviderSpec,
    Readiness,
    Rejected,
    SenderSettings,
    WhatsAppSender,
)
from trunkline.testing import RecordingLog, provider_context

T = TypeVar("T")
DOOR: Final = "https://hub.example/webhooks/connections/greenapi/whatsapp"
WANTED: Final = SenderSettings(display_name="Acme", inbound_url=DOOR, status_url=DOOR)
BARE: Final = SenderSettings(display_name="", inbound_url=None, status_url=None)
LISTENS: Final = {"webhook_secret": None, "webhook_token": None}
INSTANCE: Final = str(CONFIG["id_instance"])


def fresh(**changes: object) -> Double:
    """Return an instance as GREEN-API creates it: everything is off, and it calls nobody."""
    double = Double()
    off = {"webhookUrl": "", "webhookUrlToken": "", "incomingWebhook": "no"}
    double.settings |= {**off, "outgoingWebhook": "no", **changes}
    return double


class SendersSuite:
    """`spec` may be of a copy of the adapter with a mistake in it."""

    spec: ClassVar[ProviderSpec[Any, Any]]

    def on(self, double: Double, question: Callable[[Any], Awaitable[T]], **config: object) -> T:
        """Ask an adapter that speaks to an instance."""
        log = RecordingLog()

        async def ask() -> T:
            with double.serving() as url:
                settings = self.spec.config.model_validate({**CONFIG, **config, "base_url": url})
                async with httpx2.AsyncClient(verify=TLS) as http:
                    context = provider_context(http, log=log)
                    async with self.spec.open(settings, context) as greenapi:
                        return await question(greenapi)

        answer = asyncio.run(ask())
        assert not log.events
        return answer

    def sender(self, double: Double, **config: object) -> WhatsAppSender:
        """Return the one sender."""
        (found,) = self.on(double, lambda each: each.senders(), **config)
        assert isinstance(found, WhatsAppSender)
        return found

    @pytest.mark.parametrize(
        ("state", "readiness", "words"),
        [
            ("authorized", Readiness.READY, None),
            ("notAuthorized", Readiness.MISSING, "QR code"),
            ("blocked", Readiness.REJECTED, "banned"),
            ("yellowCard", Readiness.REJECTED, "spam"),
            ("starting", Readiness.PENDING, "five minutes"),
            ("sleepMode", Readiness.PENDING, "switch it on"),
            ("pondering", Readiness.PENDING, "unknown"),
        ],
    )
    def test_the_sender_stands_as_its_instance_does(
        self, state: str, readiness: Readiness, words: str | None
    ) -> None:
        found = self.sender(Double(state=state))

        assert (found.provider_id, found.number) == (INSTANCE, HUB)
        assert (found.standing.readiness, found.standing.vendor_status) == (readiness, state)
        sentence = found.standing.sentence
        assert sentence is None if words is None else words in (sentence or "")

    def test_a_phone_with_another_number_is_that_numbers_sender_and_not_ready(self) -> None:
        found = self.sender(Double(phone="14155550177"))

        assert found.number == "+14155550177"
        assert found.standing.readiness is Readiness.REJECTED
        assert "4155550177" not in (found.standing.sentence or "")

    def test_the_sender_is_found_by_its_number_alone(self) -> None:
        found = self.on(Double(), lambda each: each.find_sender(HUB))
        other = self.on(Double(), lambda each: each.find_sender("+14155550177"))

        assert found == self.sender(Double())
        assert other is None

    def test_an_instance_is_set_to_call_the_hub_and_read_back(self) -> None:
        double = fresh()

        for _ in range(2):
            found = self.on(double, lambda each: each.set_sender(INSTANCE, WANTED))

        assert (found.settings.inbound_url, found.settings.status_url) == (DOOR, None)
        assert double.settings["webhookUrl"] == f"{DOOR}/{CONFIG['webhook_secret']}"
        assert double.settings["webhookUrlToken"] == CONFIG["webhook_token"]
        assert double.settings["incomingWebhook"] == "yes"
        assert double.settings["outgoingWebhook"] == "yes"
        assert double.called().count("setSettings") == 1, "each change restarts the instance"

    def test_an_instance_whose_hub_asks_is_set_to_call_nobody(self) -> None:
        double = fresh(webhookUrl="https://elsewhere.example/hook")

        found = self.on(double, lambda each: each.set_sender(INSTANCE, WANTED), **LISTENS)

        assert double.settings["webhookUrl"] == ""
        assert double.settings["incomingWebhook"] == "yes"
        assert found.settings == BARE

    @pytest.mark.parametrize(
        "changes",
        [
            {"webhookUrl": "https://elsewhere.example/secret-path"},
            {"webhookUrlToken": "another"},
            {"incomingWebhook": "no"},
            {"outgoingWebhook": "no"},
        ],
    )
    def test_an_address_that_the_hub_could_not_believe_is_none(
        self, changes: dict[str, str]
    ) -> None:
        double = Double()
        double.settings |= changes

        assert self.sender(double).settings == BARE

    def test_what_is_read_back_counts_while_the_instance_restarts(self) -> None:
        double = fresh()
        double.answers = {"setSettings": (200, {"saveSettings": True})}  # and nothing is set yet

        found = self.on(double, lambda each: each.set_sender(INSTANCE, WANTED))

        assert found.settings == BARE

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ((401, b"Unauthorized"), AuthFailed),
            ((500, {"message": "x"}), OutcomeUnknown),
            ((200, {"saveSettings": False}), OutcomeUnknown),
            ((200, []), OutcomeUnknown),
            (None, OutcomeUnknown),
        ],
    )
    def test_settings_that_were_not_saved_are_not_taken_for_saved(
        self, answer: tuple[int, object] | None, kind: type[ProviderError]
    ) -> None:
        double = fresh()
        double.answers = {"setSettings": answer}

        with pytest.raises(kind) as caught:
            self.on(double, lambda each: each.set_sender(INSTANCE, WANTED))

        assert TOKEN not in str(caught.value)

    def test_another_instance_is_not_set_by_this_connection(self) -> None:
        double = Double()

        with pytest.raises(Rejected, match="another"):
            self.on(double, lambda each: each.set_sender("9999", WANTED))

        assert double.asked == []

    def test_an_instance_that_cannot_be_seen_has_no_standing(self) -> None:
        for method in ("getWaSettings", "getSettings"):
            double = Double(answers={method: (401, b"Unauthorized")})
            with pytest.raises(AuthFailed):
                self.sender(double)
