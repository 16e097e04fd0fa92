"""The ground all wings stand on: what the hub is lent, its engine, its keys."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx2

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.alerts.times import Times
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.service import Audit
from trunkline.core.compliance.filters import Filters
from trunkline.core.connections.registry import Connection
from trunkline.core.credentials.following import Configure
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.executors import Pulse
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages.reply_addresses import ReplyAddresses
from trunkline.core.privacy.keys import Keys
from trunkline.core.privacy.masters import Masters
from trunkline.core.privacy.vault import BodyVault
from trunkline.egress import OnAnswer
from trunkline.metrics import Metrics
from trunkline.sdk import (
    AlertSinkSpec,
    Clock,
    Database,
    EventLog,
    IdSource,
    WebhookReply,
    WebhookRequest,
)
from trunkline.settings import Settings

LOCAL_EXECUTOR: Final = "local"
"""Who does the work on an embedded database: there is only ever one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """
    What every hub is built from.

    Attributes:
        configure: Makes the connections of the settings and of what was registered.
        providers: The names of those that loaded plugins offer.
        alone: Nobody else is at work on the database.
        http: Makes the client that a connection's provider is lent.
        callbacks: The client for the agents' callback URLs.
        deliver: Hands a webhook request to the hub's own routes.
        filters: What judges acts.
        sinks: The alert sinks that loaded plugins offer.
    """

    settings: Settings
    configured: Sequence[Connection]
    configure: Configure
    providers: Collection[str]
    db: Database
    masters: Masters
    keys: Keys
    alone: bool
    http: Callable[[OnAnswer], httpx2.AsyncClient]
    callbacks: httpx2.AsyncClient
    clock: Clock
    ids: IdSource
    log: EventLog
    deliver: Callable[[WebhookRequest], Awaitable[WebhookReply]]
    filters: Filters
    sinks: Mapping[str, AlertSinkSpec[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every wing may use."""

    lent: Lent
    settings: Settings
    db: Database
    clock: Clock
    ids: IdSource
    log: EventLog
    metrics: Metrics
    executor: str
    engine: Engine
    alarms: Alarms
    pulse: Pulse
    keys: Keys
    vault: BodyVault
    audit: Audit
    chain: Chain
    shelf: Shelf
    reply_addresses: ReplyAddresses


def lay_ground(lent: Lent) -> Ground:
    """Make what every wing may use."""
    settings, db, clock, ids, log = lent.settings, lent.db, lent.clock, lent.ids, lent.log
    executor = LOCAL_EXECUTOR if lent.alone else ids.new("exe")
    keys = lent.keys
    engine = Engine(db, clock, ids, log, executor)
    chain = Chain(keys)
    times = Times(zone=settings.alerts.zone, quiet=settings.alerts.quiet)
    alarms = Alarms(db, engine, clock, ids, log, times)
    engine.broke_off = lambda error: alarms.note(AlertKind.INTERNAL, type(error).__name__)
    hold_hours = settings.privacy.hold_hours
    vault = BodyVault(keys, clock, ids, hold_hours=hold_hours)
    return Ground(
        lent=lent,
        settings=settings,
        db=db,
        clock=clock,
        ids=ids,
        log=log,
        metrics=Metrics(),
        executor=executor,
        engine=engine,
        alarms=alarms,
        pulse=Pulse(db, clock, executor, lambda: (keys.knows, keys.seals_with)),
        keys=keys,
        vault=vault,
        audit=Audit(chain, clock, ids),
        chain=chain,
        shelf=Shelf(vault, engine, clock, ids, timedelta(hours=hold_hours)),
        reply_addresses=ReplyAddresses(keys, settings.messages.plus_address_domains),
    )
