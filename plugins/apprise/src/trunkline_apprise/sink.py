"""Alerts as notifications of Apprise."""

import asyncio
from dataclasses import dataclass
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from trunkline.sdk import Alert, AlertSink, NotConfigured, Rejected, Severity
from trunkline_apprise.config import AppriseConfig

_TYPES: Final = {
    Severity.CRITICAL: NotifyType.FAILURE,
    Severity.HIGH: NotifyType.FAILURE,
    Severity.MEDIUM: NotifyType.WARNING,
    Severity.LOW: NotifyType.INFO,
}


@dataclass(frozen=True, slots=True)
class AppriseSink(AlertSink):
    """Tells every service, at the same time; each is one of `services`."""

    services: tuple[Apprise, ...]

    async def deliver(self, alert: Alert) -> None:
        title, _, rest = alert.text.partition("\n")
        kind = NotifyType.SUCCESS if alert.over else _TYPES[alert.severity]
        took = await asyncio.gather(
            *(
                each.async_notify(
                    title=alert.title,
                    body=alert.text if alert.parts else rest or title,
                    notify_type=kind,
                    body_format=NotifyFormat.TEXT,
                )
                for each in self.services
            )
        )
        missing = [number for number, it in enumerate(took, 1) if not it]
        if missing:
            named = ", ".join(map(str, missing))
            raise Rejected(f"Of {len(took)} services these did not take it, as listed: {named}.")


def made_of(config: AppriseConfig) -> AppriseSink:
    """Return a sink; NotConfigured if a URL names no service, without quoting it."""
    asset = AppriseAsset(storage_mode="memory", secure_logging=True)
    services = []
    for number, url in enumerate(config.urls, 1):
        service = Apprise(asset=asset)
        if not service.add(url.get_secret_value()):
            raise NotConfigured(f"[sinks.apprise] urls: Apprise knows no service by the {number}.")
        services.append(service)
    return AppriseSink(tuple(services))
