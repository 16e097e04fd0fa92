"""A vendor of numbers with accounts below accounts, and what an owner may do in each."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, SecretStr

from tests.flows.networks import WireWebhooks, with_telephony
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    E164,
    BadSignature,
    Capability,
    NumberOffer,
    NumberQuery,
    NumberSettings,
    NumberType,
    OutboundSms,
    OutcomeUnknown,
    OwnedNumber,
    ProviderContext,
    ProviderSpec,
    Readiness,
    Receipt,
    Registration,
    RegistrationKind,
    Rejected,
    Standing,
    Subaccount,
    TelephonyProvider,
    WebhookAdapter,
    WebhookRequest,
)

TOML = """
[server]
public_url = "https://hub.example"
[slots]
telephony = "tower"
[providers.tower]
account = "main"
token = "main-token"
[provisioning]
"""
NUMBERS = [f"+1212555{number:04}" for number in range(100, 120)]


class TowerConfig(BaseModel):
    """One account."""

    account: str
    token: SecretStr


@dataclass
class Tower:
    """The vendor: accounts by name, numbers by account, and what was sent from which account."""

    accounts: dict[str, str] = field(default_factory=dict)
    """By our name the account's id."""
    closed: set[str] = field(default_factory=set)
    numbers: dict[str, dict[str, OwnedNumber]] = field(default_factory=dict)
    sent: list[tuple[str, OutboundSms]] = field(default_factory=list)
    loses_answers: int = 0
    registered: list[Registration] = field(default_factory=list)

    def plugins(self) -> Plugins:
        """Return the installed plugins with this vendor's provider, `tower`, beside them."""
        spec: ProviderSpec[TelephonyProvider, TowerConfig] = ProviderSpec(
            name="tower",
            config=TowerConfig,
            open=self.open,
            capabilities=frozenset(
                {
                    Capability.SMS_SEND,
                    Capability.SMS_RECEIVE,
                    Capability.ACCOUNT_BELOW,
                    Capability.NUMBER_SEARCH,
                    Capability.NUMBER_BUY,
                    Capability.NUMBER_REGISTER,
                }
            ),
            accept_latency_s=0.0,
            webhook=TowerWebhooks(),
        )
        return with_telephony(load_plugins(), {spec.name: spec})

    @asynccontextmanager
    async def open(
        self, config: TowerConfig, context: ProviderContext
    ) -> AsyncIterator["TowerAccount"]:
        """Connect to an account."""
        yield TowerAccount(self, config.account)


@dataclass
class TowerAccount(TelephonyProvider):
    """The vendor as one account sees it."""

    tower: Tower
    account: str

    @property
    def own(self) -> dict[str, OwnedNumber]:
        """Its numbers."""
        return self.tower.numbers.setdefault(self.account, {})

    async def send(self, sms: OutboundSms) -> Receipt:
        assert sms.sender in self.own, "not this account's number"
        self.tower.sent.append((self.account, sms))
        return Receipt(provider_id=f"t-{sms.idempotency_key}")

    async def subaccounts_named(self, name: str) -> list[Subaccount]:
        found = self.tower.accounts.get(name)
        return [] if found is None or found in self.tower.closed else [self._of(name, found)]

    async def create_subaccount(self, name: str) -> Subaccount:
        assert name not in self.tower.accounts, "twice"
        self.tower.accounts[name] = f"sub-{len(self.tower.accounts) + 1}"
        if self.tower.loses_answers:
            self.tower.loses_answers -= 1
            raise OutcomeUnknown("The answer was lost.")
        return self._of(name, self.tower.accounts[name])

    async def close_subaccount(self, provider_id: str) -> None:
        assert not self.tower.numbers.get(provider_id), "it has numbers"
        self.tower.closed.add(provider_id)

    async def register(
        self, kind: RegistrationKind, name: str, facts: Mapping[str, str]
    ) -> Registration:
        if "use" not in facts:
            raise Rejected("use is missing: say what is sent.")
        made = Registration(
            provider_id=f"reg-{len(self.tower.registered) + 1}",
            kind=kind,
            standing=Standing(readiness=Readiness.PENDING, vendor_status="IN_REVIEW"),
            facts={"use": facts["use"]},
        )
        self.tower.registered.append(made)
        if self.tower.loses_answers:
            self.tower.loses_answers -= 1
            raise OutcomeUnknown("The answer was lost.")
        return made

    async def registrations(self) -> list[Registration]:
        return list(self.tower.registered)

    def _of(self, name: str, provider_id: str) -> Subaccount:
        credentials = {"account": provider_id, "token": f"{provider_id}-token"}
        return Subaccount(provider_id=provider_id, name=name, active=True, credentials=credentials)

    async def search_numbers(self, query: NumberQuery) -> list[NumberOffer]:
        taken = {number for each in self.tower.numbers.values() for number in each}
        return [
            NumberOffer(
                number=E164(each),
                country="US",
                number_type=NumberType.LOCAL,
                sms=True,
                mms=False,
                voice=True,
                monthly_micros=1_000_000,
                currency="USD",
            )
            for each in NUMBERS
            if each not in taken
        ]

    async def buy_number(self, number: E164, settings: NumberSettings) -> OwnedNumber:
        self.own[number] = OwnedNumber(
            number=number,
            provider_id=f"pn-{number}",
            sms=True,
            voice=True,
            settings=settings,
        )
        return self.own[number]

    async def find_number(self, number: E164) -> OwnedNumber | None:
        return self.own.get(number)

    async def numbers_labelled(self, label: str) -> list[OwnedNumber]:
        return [each for each in self.own.values() if each.settings.label == label]

    async def set_number(self, provider_id: str, settings: NumberSettings) -> OwnedNumber:
        number = provider_id.removeprefix("pn-")
        self.own[number] = replace(self.own[number], settings=settings)
        return self.own[number]

    async def release_number(self, provider_id: str) -> None:
        self.own.pop(provider_id.removeprefix("pn-"), None)


class TowerWebhooks(WebhookAdapter[TowerConfig]):
    """Takes a text as JSON whose header has the account's own token."""

    def claims(self, request: WebhookRequest) -> bool:
        return "x-tower" in request.headers

    def verify(self, request: WebhookRequest, config: TowerConfig) -> None:
        if request.headers.get("x-tower") != config.token.get_secret_value():
            raise BadSignature("another account's")

    parse = WireWebhooks.parse
