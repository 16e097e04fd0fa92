"""Alerts as signed posts, by Standard Webhooks."""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from trunkline.core.forwarding.posting import post
from trunkline.core.forwarding.signing import signed
from trunkline.sdk import Alert, AlertContext, AlertSink, AlertSinkSpec, NotConfigured, Rejected

_PREFIX: Final = "whsec_"
_LEAST: Final = 24
"""Bytes of a secret, by Standard Webhooks."""


def _secret(value: SecretStr) -> SecretStr:
    try:
        is_long = len(key_of(value)) >= _LEAST
    except binascii.Error:
        is_long = False
    if not value.get_secret_value().startswith(_PREFIX) or not is_long:
        raise ValueError(f"it must be {_PREFIX} and at least {_LEAST} bytes as base64")
    return value


def key_of(secret: SecretStr) -> bytes:
    """Return the bytes that sign."""
    return base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)


class WebhookConfig(BaseModel):
    """``[sinks.webhook]``: where alerts are posted, and what signs them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: str
    secret: Annotated[SecretStr, AfterValidator(_secret)]


@dataclass(frozen=True, slots=True)
class _Webhook(AlertSink):
    config: WebhookConfig
    context: AlertContext

    async def deliver(self, alert: Alert) -> None:
        now = self.context.clock.now()
        body = json.dumps(
            {"type": "alert", "timestamp": _written(now), "data": as_object(alert)}
        ).encode()
        ends = ".over" if alert.over else ""
        headers = signed(
            (key_of(self.config.secret),), f"{alert.id}.{alert.telling}{ends}", now, body
        )
        refused = await post(self.context.http, self.config.url, body, headers, now)
        if refused is not None:
            raise Rejected(refused.reason)


def webhook_sink(fault: Callable[[str], str | None]) -> AlertSinkSpec[WebhookConfig]:
    """Return the sink; `fault` says what is wrong with a URL, if anything is."""

    @asynccontextmanager
    async def opened(config: WebhookConfig, context: AlertContext) -> AsyncIterator[AlertSink]:
        wrong = fault(config.url)
        if wrong is not None:
            raise NotConfigured(f"[sinks.webhook] url: {wrong}")
        yield _Webhook(config, context)

    return AlertSinkSpec(
        name="webhook", noun="signed posts to a URL", config=WebhookConfig, open=opened
    )


def as_object(alert: Alert) -> dict[str, object]:
    """Return an alert as JSON has it."""
    told: dict[str, object] = {
        "id": alert.id,
        "kind": alert.kind,
        "severity": alert.severity.value,
        "subject": alert.subject or None,
        "sentence": alert.sentence,
        "count": alert.count,
        "firstAt": _written(alert.first_at),
        "lastAt": _written(alert.last_at),
        "telling": alert.telling,
        "over": alert.over,
    }
    return told | ({"alerts": [as_object(each) for each in alert.parts]} if alert.parts else {})


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
