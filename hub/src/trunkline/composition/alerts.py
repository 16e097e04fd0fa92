"""The wing of alerts: who hears what is wrong, and how."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trunkline.composition.ground import Ground
from trunkline.core.alerts.rounds import Rounds
from trunkline.core.alerts.service import Alerts
from trunkline.core.alerts.sinks import LOG, create_sinks
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.sending.service import Messages
from trunkline.core.sinks.carried import carried_sink, log_sink
from trunkline.core.sinks.webhook import webhook_sink
from trunkline.sdk import AlertContext, AlertSinkSpec, NotConfigured
from trunkline.settings import Settings

_CARRIED: Final = {"email": "mails", "sms": "texts", "whatsapp": "WhatsApp messages"}
"""Channel to what it carries."""


def compose_alerts(ground: Ground, destinations: Destinations, messages: Messages) -> Alerts:
    """Put the wing together, and let the engine do its work."""
    settings, lent = ground.settings, ground.lent
    own: dict[str, AlertSinkSpec[Any]] = {
        LOG: log_sink(),
        "webhook": webhook_sink(destinations.fault),
        **_carried(settings, messages),
    }
    named = settings.alerts.sinks
    wanted = _set_up(ground, own) if named is None else named
    _check_carried(settings, wanted, own)
    sinks = create_sinks(
        {**lent.sinks, **own},
        wanted=wanted,
        tables=settings.sinks,
        min_severity=settings.alerts.min_severity,
        context=AlertContext(http=lent.callbacks, clock=ground.clock, log=ground.log),
    )
    rounds = Rounds(
        db=ground.db,
        engine=ground.engine,
        clock=ground.clock,
        alarms=ground.alarms,
        sinks=sinks,
    )
    ground.engine.serve(JobKind.ALERT, rounds.work)
    return Alerts(
        db=ground.db,
        sinks=sinks,
        clock=ground.clock,
        ids=ground.ids,
        log=ground.log,
        record=lambda tx, by, id_: ground.audit.act(tx, by, "alert.acknowledged", id_),
    )


def _addresses(settings: Settings) -> dict[str, str | None]:
    alerts = settings.alerts
    return {"email": alerts.email, "sms": alerts.phone, "whatsapp": alerts.whatsapp}


def _carried(settings: Settings, messages: Messages) -> Mapping[str, AlertSinkSpec[Any]]:
    """Return the sinks that an agent's channels carry, of those that have all they need."""
    alerts = settings.alerts
    return {
        channel: carried_sink(
            channel,
            _CARRIED[channel],
            messages,
            agent_id=alerts.from_agent,
            to=to,
            template=alerts.whatsapp_template if channel == "whatsapp" else None,
        )
        for channel, to in _addresses(settings).items()
        if to is not None and alerts.from_agent is not None
    }


def _set_up(ground: Ground, own: Mapping[str, AlertSinkSpec[Any]]) -> Sequence[str]:
    """Return the log, and the sinks that somebody has set something for."""
    if ground.settings.alerts.from_agent is None and any(_addresses(ground.settings).values()):
        reason = "Name the agent that carries alerts to you: [alerts] from_agent."
        ground.log.warning("alerts.no_sender", reason=reason)
    return (LOG, *(name for name in _CARRIED if name in own), *sorted(ground.settings.sinks))


def _check_carried(
    settings: Settings, wanted: Sequence[str], own: Mapping[str, AlertSinkSpec[Any]]
) -> None:
    """Raise NotConfigured for a channel that is to carry alerts and lacks something."""
    for name in _CARRIED:
        if name not in wanted or name in own:
            continue
        if settings.alerts.from_agent is None:
            raise NotConfigured(f"alerts.from_agent: name the agent that carries them by {name}.")
        key = "phone" if name == "sms" else name
        raise NotConfigured(f"alerts.{key}: say where the alerts go that {name} carries.")
