"""Postbird as it would be if it only dropped repeated references, told of texts, or neither."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
from pydantic import Field, SecretStr

from trunkline.sdk import (
    Capability,
    DeliveryStatus,
    Idempotency,
    ProviderContext,
    ProviderSpec,
    Report,
    TelephonyProvider,
    hookimpl,
    transport_errors,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.plugin import EXAMPLE
from trunkline_example.sms import Postbird

_STATUS: Final = {
    "queued": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
}


class Account(ExampleConfig):
    """An account, with no variables: those that Postbird's fields name are of its own adapter."""

    api_key: SecretStr = Field(min_length=1)
    signing_secret: SecretStr = Field(min_length=1)


class AskedPostbird(Postbird):
    """A Postbird account that can be asked what it took."""

    def __init__(self, config: ExampleConfig, http: httpx2.AsyncClient) -> None:
        super().__init__(config, http)
        self._client = http
        self._texts = f"{config.base_url}/v1/texts"

    async def fetch(self, provider_id: str) -> Report | None:
        with transport_errors("Postbird"):
            answer = await self._client.get(f"{self._texts}/{provider_id}")
        return None if answer.status_code == 404 else _report(answer.json())

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        asked = {"from": sender, "to": recipient, "since": str(since.timestamp())}
        with transport_errors("Postbird"):
            answer = await self._client.get(self._texts, params=asked)
        return [_report(item) for item in answer.json()["items"]]


def _report(item: dict[str, Any]) -> Report:
    return Report(
        provider_id=item["id"],
        sender=item["from"],
        recipient=item["to"],
        status=_STATUS.get(item["status"]),
        vendor_status=item["status"],
        body=item["text"],
        created_at=datetime.fromtimestamp(item["created_at"], UTC),
    )


@asynccontextmanager
async def open_asked(
    config: ExampleConfig, context: ProviderContext
) -> AsyncIterator[AskedPostbird]:
    """Open one account."""
    yield AskedPostbird(config, context.http)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, ExampleConfig]]:
    """Offer all three."""
    none = replace(
        EXAMPLE,
        name="postbird_none",
        config=Account,
        capabilities=EXAMPLE.capabilities - {Capability.LOOKUP_BY_ID},
        idempotency=None,
    )
    return [
        none,
        replace(none, name="postbird_key", idempotency=Idempotency()),
        replace(
            none,
            name="postbird_lookup",
            open=open_asked,
            capabilities=none.capabilities
            | {Capability.LOOKUP_BY_ID, Capability.LOOKUP_BY_ADDRESS},
            accept_latency_s=2.0,  # what `vendor.py` takes late it has taken by then
        ),
    ]
