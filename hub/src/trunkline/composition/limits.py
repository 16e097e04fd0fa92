"""What limits keep, and where money may go, by the settings."""

from trunkline.composition.ground import Ground
from trunkline.core.gate.destinations import Destinations
from trunkline.core.limits.models import Limits
from trunkline.core.limits.service import LimitKeeper
from trunkline.sdk.money import MICROS
from trunkline.settings import Settings
from trunkline.settings.money import ANYWHERE


def compose_limits(ground: Ground) -> LimitKeeper:
    """Return what keeps the limits: in the demo, where nothing costs anything, only those set."""
    settings = ground.settings
    told = settings.limits

    def times(name: str) -> int | None:
        most: int | None = getattr(told, name)
        return most if _is_in_force(settings, f"limits.{name}") else None

    def money(name: str) -> int | None:
        most = getattr(told, name) if _is_in_force(settings, f"limits.{name}") else None
        return None if most is None else int(most * MICROS)

    return LimitKeeper(
        db=ground.db,
        keys=ground.keys,
        clock=ground.clock,
        ids=ground.ids,
        log=ground.log,
        metrics=ground.metrics,
        audit=ground.audit,
        alarms=ground.alarms,
        for_new=Limits(
            actions_per_minute=times("actions_per_minute"),
            actions_per_hour=times("actions_per_hour"),
            actions_per_day=times("actions_per_day"),
            spend_per_day=money("spend_per_day"),
            spend_per_month=money("spend_per_month"),
            call_minutes=times("call_duration_minutes"),
            calls_per_day_same_number=times("calls_per_day_same_number"),
        ),
        most_prefixes=times("prefixes_per_10_minutes"),
    )


def compose_destinations(ground: Ground) -> Destinations:
    """Return where agents may act: in the demo anywhere, unless something is set."""
    if not _is_in_force(ground.settings, "money.allowed_countries"):
        return Destinations((ANYWHERE,))
    return Destinations(ground.settings.money.allowed_countries)


def _is_in_force(settings: Settings, key: str) -> bool:
    return not settings.server.demo or settings.origin_of(key) != "default"
