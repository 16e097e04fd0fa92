"""A vendor whose accounts are registered while the hub runs: it knows keys, and what each sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tests.flows.networks import with_telephony
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    Account,
    AuthFailed,
    Capability,
    OutboundSms,
    ProviderContext,
    ProviderSpec,
    Receipt,
    TelephonyProvider,
)

KEY, OTHER = "key-4711-of-acme", "key-0815-of-acme"


class AcmeConfig(BaseModel):
    """An account."""

    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr = Field(min_length=8, json_schema_extra={"env": "ACME_API_KEY"})
    region: str = Field("us", pattern="^(us|eu)$")


@dataclass
class Acme:
    """The vendor: which keys it takes, and what was sent with which."""

    good: set[str] = field(default_factory=lambda: {KEY, OTHER})
    sent: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    hangs: bool = False
    let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def plugins(self) -> Plugins:
        spec: ProviderSpec[TelephonyProvider, AcmeConfig] = ProviderSpec(
            name="acme",
            config=AcmeConfig,
            open=self.open,
            capabilities=frozenset({Capability.SMS_SEND}),
        )
        return with_telephony(load_plugins(), {"acme": spec})

    @asynccontextmanager
    async def open(
        self, config: AcmeConfig, context: ProviderContext
    ) -> AsyncIterator["_AcmeAccount"]:
        key = config.api_key.get_secret_value()
        self.opened.append(key)
        yield _AcmeAccount(self, key)
        self.closed.append(key)


@dataclass
class _AcmeAccount(TelephonyProvider):
    acme: Acme
    key: str

    async def verify(self) -> Account:
        if self.acme.hangs:
            await asyncio.sleep(3600)
        self._check()
        return Account(name="acme", balance_micros=12_500_000, currency="USD", notes=("Trial.",))

    async def send(self, sms: OutboundSms) -> Receipt:
        self._check()
        self.acme.asked.set()
        if sms.body == "slow":
            await self.acme.let.wait()
        self._check()
        self.acme.sent.append(self.key)
        return Receipt(provider_id=f"acme-{sms.idempotency_key}")

    def _check(self) -> None:
        if self.key not in self.acme.good:
            raise AuthFailed("Acme refuses the key.")
