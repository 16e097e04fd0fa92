"""What goes over the wire of usage and money."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from trunkline.core.usage.models import Figures, Usage
from trunkline.core.usage.service import AgentUse
from trunkline.core.usage.totals import VendorDay
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, money, optional

Period = Literal["today", "week", "month", "all"]
CHANNELS: Final = ("sms", "whatsapp", "email", "voice", "call")
"""Those that a dashboard always has, by their promised names."""


class GetUsageDashboardArguments(Arguments):
    """Arguments of comms_get_usage_dashboard."""

    period: Period = Field(default="month")


class GetUsageDashboardResult(Result):
    """Result of comms_get_usage_dashboard."""

    agents: list[dict[str, object]]
    global_totals: dict[str, object]


class UsageRowShape(Result):
    """What was done once, or paid for, and what it cost."""

    id: str
    at: Time
    agent_id: str
    action_type: str = Field(
        description="message, inbound_call; or a part of a message: speech, storage, recognition."
    )
    channel: str
    connection: str
    provider: str
    state: str = Field(description="spent; or reserved: nobody knows whether it happened.")
    units: int | None
    unit: str | None
    cost: float | None = Field(description="null: nobody tells.")
    currency: str | None
    cost_final: bool = Field(description="The provider told it; otherwise it is an estimate.")
    estimate: float | None = optional("The hub's, of what the provider has told since.")
    billed: float | None = Field(description="The cost with the markup.")
    message_id: str | None = optional()
    call_id: str | None = optional()
    external_id: str | None = optional("The provider's, of what it bills.")
    simulated: bool | None = optional()


class UsageShowArguments(Arguments):
    """Arguments of usage_show."""

    period: Period = "month"
    agent: Line | None = None


class AgentUseShape(Result):
    """What an agent did, in one currency."""

    agent_id: str
    currency: str
    actions: int
    cost: float
    billed: float
    unknown: int
    reserved: float
    unpriced: int
    rate_limit_hits: int
    simulated: bool | None = optional()


class ConnectionDayShape(Result):
    """What went over a connection on a day: the hub's figure beside the provider's."""

    day: str
    connection: str
    currency: str
    actions: int
    cost: float
    estimated: float = Field(description="The hub's figure of what the provider has confirmed.")
    confirmed: float
    difference: float = Field(description="How much more the provider took.")


class UsageShape(Result):
    """What agents did and what it cost."""

    agents: list[AgentUseShape]
    connections: list[ConnectionDayShape]


class UsageExportArguments(Arguments):
    """Arguments of usage_export."""

    since: str | None = None
    until: str | None = None
    agent: Line | None = None


class UsageExportShape(Result):
    """Usage as CSV."""

    csv: str
    rows: int


def row_shape(usage: Usage) -> UsageRowShape:
    """Return one row as it goes over the wire."""
    return UsageRowShape(
        id=usage.id,
        at=usage.created_at,
        agent_id=usage.agent_id,
        action_type=usage.action_type,
        channel=usage.channel,
        connection=usage.connection,
        provider=usage.provider,
        state=usage.state.value,
        units=usage.units,
        unit=usage.unit,
        cost=money(usage.cost_micros),
        currency=usage.currency,
        cost_final=usage.cost_final,
        estimate=money(usage.estimate_micros),
        billed=money(usage.billed_micros),
        message_id=usage.message_id,
        call_id=usage.call_id,
        external_id=usage.external_id,
        simulated=usage.simulated or None,
    )


def agent_object(use: AgentUse) -> dict[str, object]:
    """Return an agent's part of a dashboard."""
    channels = dict.fromkeys((*CHANNELS, *use.by_channel), Figures()) | dict(use.by_channel)
    return {
        "agentId": use.agent.id,
        "displayName": use.agent.display_name,
        "totalActions": use.whole.actions,
        "actionsByChannel": {name: each.actions for name, each in channels.items()},
        "totalCost": money(use.whole.cost),
        "costByChannel": {name: money(each.cost) for name, each in channels.items()},
        "rateLimitHits": use.whole.rate_limit_hits,
        "currentLimits": {
            "maxPerMinute": use.limits.actions_per_minute,
            "maxPerDay": use.limits.actions_per_day,
            "maxSpendPerDay": money(use.limits.spend_per_day),
        },
        **apart(use.whole, use.elsewhere),
        **({"simulated": True} if use.simulated else {}),
    }


def apart(whole: Figures, elsewhere: Mapping[str, Figures]) -> dict[str, object]:
    """Return what is no part of a total and must not be lost: each only where there is some."""
    told: dict[str, object] = {}
    if whole.billed != whole.cost:
        told["totalBilled"] = money(whole.billed)
    if whole.unknown:
        told["unknown"] = {"actions": whole.unknown, "reserved": money(whole.reserved)}
    if whole.unpriced:
        told["unpriced"] = whole.unpriced
    if elsewhere:
        told["otherCurrencies"] = {
            currency: {
                "totalActions": each.actions,
                "totalCost": money(each.cost),
                **apart(each, {}),
            }
            for currency, each in elsewhere.items()
        }
    return told


def agent_rows(use: AgentUse, currency: str) -> list[AgentUseShape]:
    """Return what an agent did, a row for each currency."""
    return [
        AgentUseShape(
            agent_id=use.agent.id,
            currency=each,
            actions=figures.actions,
            cost=money(figures.cost) or 0.0,
            billed=money(figures.billed) or 0.0,
            unknown=figures.unknown,
            reserved=money(figures.reserved) or 0.0,
            unpriced=figures.unpriced,
            rate_limit_hits=figures.rate_limit_hits,
            simulated=use.simulated or None,
        )
        for each, figures in {currency: use.whole, **use.elsewhere}.items()
    ]


def connection_day(day: VendorDay) -> ConnectionDayShape:
    """Return a day of a connection as it goes over the wire."""
    figures = day.figures
    return ConnectionDayShape(
        day=day.day,
        connection=day.connection,
        currency=day.currency,
        actions=figures.actions,
        cost=money(figures.cost) or 0.0,
        estimated=money(figures.estimated) or 0.0,
        confirmed=money(figures.confirmed) or 0.0,
        difference=money(figures.confirmed - figures.estimated) or 0.0,
    )
