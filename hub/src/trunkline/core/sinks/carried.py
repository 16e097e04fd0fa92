"""Alerts that an agent's own channels carry, by the rules of every act, and the log."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from trunkline.core.messages.content import Content
from trunkline.core.messages.models import SendMessage, Status
from trunkline.core.principal import Principal, Scope
from trunkline.core.sending.service import Messages
from trunkline.sdk import (
    Alert,
    AlertContext,
    AlertSink,
    AlertSinkSpec,
    EventLog,
    MessageClass,
    Rejected,
    Severity,
)

TEMPLATE_VARIABLE: Final = "alert"
"""What the one variable of a WhatsApp template for alerts is called."""
_LONGEST: Final = {"sms": 450, "whatsapp": 1_000, "email": 20_000}
_NOT_TAKEN: Final = frozenset({Status.HELD, Status.BLOCKED, Status.FAILED, Status.RATE_LIMITED})
_URGENT: Final = (Severity.CRITICAL, Severity.HIGH)


class NoConfig(BaseModel):
    """A table with no keys but the hub's."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried(AlertSink):
    messages: Messages
    channel: str
    agent_id: str
    to: str
    template: str | None

    async def deliver(self, alert: Alert) -> None:
        text = alert.text
        if len(text) > (most := _LONGEST[self.channel]):
            text = f"{text[: most - 1]}…"
        content = Content(body=text, subject=alert.title if self.channel == "email" else "")
        if self.template is not None:
            in_line = (TEMPLATE_VARIABLE, " ".join(text.split()))
            content = Content(body="", template=self.template, template_values=(in_line,))
        said = hashlib.sha256(f"{self.to} {alert.telling} {alert.text}".encode()).hexdigest()
        answer = await self.messages.send(
            Principal(scope=Scope.LOCAL),
            self.agent_id,
            SendMessage(
                channel=self.channel,
                to=self.to,
                content=content,
                idempotency_key=f"{alert.id}-{said[:16]}",
                message_class=MessageClass.INTERNAL,
            ),
        )
        if answer.message.status in _NOT_TAKEN:
            raise Rejected(f"The message is {answer.message.status}.")


def carried_sink(
    channel: str, noun: str, messages: Messages, *, agent_id: str, to: str, template: str | None
) -> AlertSinkSpec[NoConfig]:
    """Return the sink of a channel, from an agent to an operator's address."""

    @asynccontextmanager
    async def opened(_: NoConfig, __: AlertContext) -> AsyncIterator[AlertSink]:
        yield _Carried(
            messages=messages, channel=channel, agent_id=agent_id, to=to, template=template
        )

    return AlertSinkSpec(name=channel, noun=noun, config=NoConfig, open=opened)


@dataclass(frozen=True, slots=True)
class _Log(AlertSink):
    log: EventLog

    async def deliver(self, alert: Alert) -> None:
        tell = self.log.error if alert.severity in _URGENT and not alert.over else self.log.warning
        for each in alert.parts or (alert,):
            tell(
                "alert",
                alertId=each.id,
                kind=each.kind,
                severity=each.severity.value,
                about=each.subject,
                count=each.count,
                over=each.over,
            )


def log_sink() -> AlertSinkSpec[NoConfig]:
    """Return the sink that writes lines into the hub's own log."""

    @asynccontextmanager
    async def opened(_: NoConfig, context: AlertContext) -> AsyncIterator[AlertSink]:
        yield _Log(context.log)

    return AlertSinkSpec(name="log", noun="the hub's own log", config=NoConfig, open=opened)
