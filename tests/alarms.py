"""Alarms that nobody hears, for tests of what raises them."""

from zoneinfo import ZoneInfo

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.times import Times
from trunkline.core.engine.engine import Engine
from trunkline.sdk import Clock, Database, IdSource
from trunkline.testing import RecordingLog


def silent_alarms(db: Database, clock: Clock) -> Alarms:
    """Return alarms whose job nobody does."""
    ids, log = IdSource(clock), RecordingLog()
    engine = Engine(db, clock, ids, log, "local")
    return Alarms(db, engine, clock, ids, log, Times(zone=ZoneInfo("UTC"), quiet=None))
