"""
Twilio and Resend on loopback: their own specifications judge each request, and an account answers.

The judge lies beside the checkout (`plugins/twilio/tests/court.py`). What it finds right is carried
out by the accounts in memory that the adapters' own tests use, so that what is read back is what
was set.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx2

from plugins.resend.tests.team import Team
from plugins.resend.tests.vendor import KEY
from plugins.twilio.tests.court import judging
from plugins.twilio.tests.provisioning_vendor import MG, PRICES, Vendor, campaign, offer, service
from plugins.twilio.tests.vendor import ACCOUNT, TOKEN

DOMAIN: Final = "mail.shop.example"
FIRST, SECOND = "+14155550100", "+14155550101"
SPECS: Final = (
    "twilio_api_v2010",
    "twilio_lookups_v2",
    "twilio_messaging_v1",
    "twilio_messaging_v2",
    "twilio_pricing_v1",
    "resend",
)
Answered = tuple[int, dict[str, str], bytes]


class Market:
    """
    The accounts.

    Attributes:
        sold_meanwhile: Numbers that somebody else buys before the hub's first purchase.
        stalls: By operation, what an answer waits for after the request was carried out.
        reached: Set once an answer waits.
    """

    def __init__(self, judge: Any) -> None:
        self.judge = judge
        self.url: str = judge.url
        self.twilio = Vendor(
            sale={("US", "Local"): [offer(FIRST), offer(SECOND)]},
            prices={"US": PRICES},
            services={MG: service(us_app_to_person_registered=True)},
            campaigns={MG: [campaign()]},
            countries={FIRST: "US", SECOND: "US"},
        )
        self.resend = Team(found_at_check="verified")
        self.sold_meanwhile: set[str] = set()
        self.stalls: dict[str, threading.Event] = {}
        self.reached = threading.Event()
        self._lock = threading.Lock()

    def asked(self, operation: str) -> int:
        """Return how often an operation was asked for."""
        return sum(each["operationId"] == operation for each in list(self.judge.entries))

    def carried_out(
        self, operation: str, method: str, target: str, headers: Mapping[str, str], raw: bytes
    ) -> Answered | None:
        """Carry out what was asked right; None breaks the connection."""
        request = httpx2.Request(
            method, f"https://vendor.example{target}", headers=dict(headers), content=raw
        )
        is_resend = target.startswith(("/domains", "/webhooks"))
        try:
            with self._lock:
                if operation == "CreateIncomingPhoneNumber":
                    self._sell_to_somebody_else()
                answer = (self.resend if is_resend else self.twilio).answer(request)
        except httpx2.TransportError:
            return None
        stall = self.stalls.pop(operation, None)
        if stall is not None:
            self.reached.set()
            stall.wait(20)
        return answer.status_code, {"Content-Type": "application/json"}, answer.content

    def _sell_to_somebody_else(self) -> None:
        for shown in self.twilio.sale.values():
            shown[:] = [each for each in shown if each["phone_number"] not in self.sold_meanwhile]

    def settings(self, service_sid: str | None = MG) -> str:
        """Return the settings of a hub that has an account at each."""
        pool = f'messaging_service_sid = "{service_sid}"' if service_sid else ""
        return f"""
[slots]
telephony = "twilio"
whatsapp = "twilio"
email = "resend"
[providers.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
base_url = "{self.url}"
{pool}
[providers.resend]
api_key = "{KEY}"
base_url = "{self.url}"
[provisioning]
email_domain = "{DOMAIN}"
"""


@contextmanager
def market() -> Iterator[Market]:
    """Serve both vendors."""
    with judging(*SPECS) as judge:
        held = Market(judge)
        judged = judge.handle

        def handle(
            method: str, target: str, headers: Mapping[str, str], raw: bytes
        ) -> Answered | None:
            told: Answered | None = judged(method, target, headers, raw)
            entry = judge.entries[-1]
            if entry["verdict"] != "accepted":
                return told
            return held.carried_out(entry["operationId"], method, target, headers, raw)

        judge.handle = handle
        yield held
