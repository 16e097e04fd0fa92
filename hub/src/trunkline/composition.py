"""Which service is given what: the hub's rooms, put together."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import httpx2

from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.connections.breaker import Breakers
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.routes import Routes
from trunkline.core.connections.troubles import Troubles
from trunkline.core.connections.verification import Verification
from trunkline.core.delivery.beginning import Beginning
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.delivery.retry import Redelivery
from trunkline.core.doctor.service import Doctor
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.executors import Executors, Pulse
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding.courier import Courier
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.gate.gate import Gate
from trunkline.core.hub import Hub
from trunkline.core.inbound.completing import Completing
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.early import EarlyReports
from trunkline.core.inbound.events import Events
from trunkline.core.inbound.intake import Intake
from trunkline.core.inbound.listening import Listening
from trunkline.core.inbox.pages import Inbox
from trunkline.core.inbox.wait import Replies
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message, Status
from trunkline.core.privacy.keys import Keys, load_master_key
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.retention.forgetting import Retention
from trunkline.core.retention.service import Privacy
from trunkline.core.sending.admission import Admission
from trunkline.core.sending.batches import Batches
from trunkline.core.sending.service import Messages
from trunkline.core.settlement.lookups import Lookups
from trunkline.core.settlement.overdue import Overdue
from trunkline.core.settlement.prices import Prices
from trunkline.core.settlement.reconciliation import Reconciliation
from trunkline.core.settlement.recovery import Recovery
from trunkline.core.settlement.resolve import Decisions
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.core.subscriptions.challenge import Challenges
from trunkline.core.subscriptions.secrets import SecretStore
from trunkline.core.subscriptions.service import Subscriptions
from trunkline.core.subscriptions.waking import Waker
from trunkline.egress import Heard
from trunkline.metrics import Metrics
from trunkline.sdk import (
    CallbackKind,
    Clock,
    Database,
    EventLog,
    IdSource,
    ProviderContext,
    Tx,
    WebhookReply,
    WebhookRequest,
)
from trunkline.settings import Settings
from trunkline.surfaces.forwarded import forwarded
from trunkline.surfaces.occurrences import occurrence_body

LOCAL_EXECUTOR: Final = "local"
"""Who does the work on an embedded database: there is only ever one."""
PROBE_GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """
    What every hub is built from.

    Attributes:
        alone: Nobody else is at work on the database.
        http: Makes the client that a connection's provider is lent.
        callbacks: The client for the agents' callback URLs.
        deliver: Hands a webhook request to the hub's own routes.
    """

    settings: Settings
    configured: Sequence[Connection]
    db: Database
    alone: bool
    http: Callable[[Heard], httpx2.AsyncClient]
    callbacks: httpx2.AsyncClient
    clock: Clock
    ids: IdSource
    log: EventLog
    deliver: Callable[[WebhookRequest], Awaitable[WebhookReply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """
    A hub, and what works for it in the background.

    Attributes:
        attempt_takes: How long an attempt may take: opening its provider, and asking it.
    """

    hub: Hub
    alone: bool
    engine: Engine
    pulse: Pulse
    executors: Executors
    recovery: Recovery
    overdue: Overdue
    listening: Listening
    attempt_takes: timedelta


def compose(lent: Lent) -> Composed:
    """Put a hub together; nothing of it works yet."""
    settings, db, clock, ids, log = lent.settings, lent.db, lent.clock, lent.ids, lent.log
    executor = LOCAL_EXECUTOR if lent.alone else ids.new("exe")
    engine = Engine(db, clock, ids, log, executor)
    pulse = Pulse(db, clock, executor)
    given = settings.encryption_key.get_secret_value() if settings.encryption_key else None
    keys = Keys(load_master_key(settings.server.data_dir, given))
    vault = BodyVault(keys, clock, ids, hold_hours=settings.privacy.hold_hours)
    destinations = Destinations(settings.messages.callback_url, settings.messages.callback_allow)
    forwarding = Forwarding(db, destinations, engine, keys, clock, ids)
    announcements = Announcements(engine, clock, ids)
    journal = Journal(vault, clock, ids, _telling(forwarding, announcements))
    callback_url = _CallbackUrl(settings.public_url)

    vendor_clocks = VendorClocks(clock)

    def context_for(connection: str) -> ProviderContext:
        return ProviderContext(
            connection=connection,
            http=lent.http(vendor_clocks.hearing(connection)),
            clock=clock,
            ids=ids,
            log=log,
            callback_url=callback_url,
            deliver=lent.deliver,
        )

    connections = Connections(lent.configured, settings.slots.by_kind(), context_for, log)
    for name in connections.names():
        connection = connections.account(name)
        if connection is not None and connection.fault:
            log.error("connection.not_usable", connection=name, fault=connection.fault)
    for each in connections.all():
        if each.spec.warning and not each.fault:
            log.warning("connection.warning", connection=each.name, warning=each.spec.warning)
    timeout_s = settings.messages.provider_timeout_s
    metrics = Metrics()
    gate = Gate(connections, clock)
    outcomes = Outcomes(journal, engine)
    breakers = Breakers(db, clock, ids, log, metrics, probe_s=timeout_s + PROBE_GRACE_S)
    troubles = Troubles(clock, log, metrics)
    routes = Routes(db, connections, breakers, troubles, clock, log, patience_s=timeout_s)
    verification = Verification(connections, troubles, clock, log, timeout_s=timeout_s)
    beginning = Beginning(gate, outcomes, journal, engine)
    delivery = Delivery(
        db,
        connections,
        routes,
        outcomes,
        beginning,
        clock,
        log,
        metrics,
        callback_url,
        is_public=settings.server.public_url is not None,
        timeout_s=timeout_s,
        may_ask=(lambda begun_s: True) if lent.alone else pulse.may_ask,
    )
    redelivery = Redelivery(db, connections, routes, beginning, delivery, outcomes, journal, engine)
    lookups = Lookups(connections, log, timeout_s)
    reconciliation = Reconciliation(
        db,
        connections,
        lookups,
        redelivery,
        journal,
        engine,
        vendor_clocks,
        log,
        timeout_s=timeout_s,
        flag_after=timedelta(seconds=settings.messages.final_within_s),
    )
    engine.serve(JobKind.ATTEMPT, redelivery.work)
    engine.serve(JobKind.RECONCILE, reconciliation.work)
    engine.serve(JobKind.PRICE, Prices(db, connections, lookups, journal, engine).work)
    courier = Courier(db, lent.callbacks, destinations, journal, engine, keys, log, forwarded)
    engine.serve(JobKind.FORWARD, courier.work)
    secrets = SecretStore(Seals(keys, ids))
    engine.serve(
        JobKind.OCCURRENCE,
        Waker(db, lent.callbacks, secrets, engine, clock, ids, log, occurrence_body).work,
    )
    admission = Admission(db, gate, journal, engine, clock, ids, settings.messages.valid_for_s)
    messages = Messages(
        db,
        gate,
        routes,
        admission,
        delivery,
        journal,
        keys,
        clock,
        duplicate_window_s=settings.messages.duplicate_window_s,
        timeout_s=timeout_s,
    )
    inbox = Inbox(db, vault, clock, log)
    completing = Completing(connections, log)
    dispatch = Dispatch(journal, forwarding, announcements, engine, connections)
    engine.serve(JobKind.REPORT, EarlyReports(db, connections, dispatch, journal, engine).work)
    intake = Intake(db, connections, journal, dispatch, completing, metrics, log)
    hub = Hub(
        agents=Agents(db, clock, ids, destinations.fault, connections.names()),
        tokens=Tokens(
            db,
            keys,
            clock,
            ids,
            admin_tokens=[token.get_secret_value() for token in settings.admin_tokens],
            alone=lent.alone,
        ),
        messages=messages,
        batches=Batches(db, messages, keys, clock, ids),
        inbox=inbox,
        replies=Replies(db, inbox),
        intake=intake,
        events=Events(db, connections, journal, dispatch, completing, log),
        forwarding=forwarding,
        subscriptions=Subscriptions(
            db, destinations, Challenges(lent.callbacks, clock, ids), secrets, clock, log
        ),
        decisions=Decisions(db, journal, outcomes, engine),
        privacy=Privacy(db, keys, vault, clock, ids),
        retention=Retention(db, clock, ids, settings.privacy.detail_days),
        doctor=Doctor(
            db=db,
            connections=connections,
            vendor_clocks=vendor_clocks,
            troubles=troubles,
            verification=verification,
            keys=keys,
            clock=clock,
            ids=ids,
            log=log,
            data_dir=settings.server.data_dir,
            public_url=settings.public_url,
            is_public=settings.server.public_url is not None,
            wanted=sorted({*settings.connection_tables, *settings.slots.named()}),
        ),
        connections=connections,
        routes=routes,
        verification=verification,
        db=db,
        metrics=metrics,
        clock=clock,
        log=log,
    )
    recovery = Recovery(journal, engine, delivery)
    return Composed(
        hub=hub,
        alone=lent.alone,
        engine=engine,
        pulse=pulse,
        executors=Executors(db, clock, log, pulse, executor, recovery.bury),
        recovery=recovery,
        overdue=Overdue(
            db,
            connections,
            lookups,
            journal,
            engine,
            log,
            final_within=timedelta(seconds=settings.messages.final_within_s),
        ),
        listening=Listening(db, connections, intake, engine, clock, ids, log),
        attempt_takes=timedelta(seconds=2 * timeout_s),
    )


def _telling(
    forwarding: Forwarding, announcements: Announcements
) -> Callable[[Tx, str, Message, Status], None]:
    """Return what lets the agent and who subscribed hear what a message came to."""

    def announce(tx: Tx, workspace_id: str, message: Message, to: Status) -> None:
        forwarding.announce_move(tx, workspace_id, message, to)
        announcements.moved(tx, workspace_id, message, to)

    return announce


class _CallbackUrl:
    """Builds callback URLs under the hub's public address."""

    def __init__(self, public_url: str) -> None:
        self._base = f"{public_url.rstrip('/')}/webhooks"

    def __call__(self, kind: CallbackKind, agent_id: str, attempt_id: str | None = None) -> str:
        query = f"?attempt={attempt_id}" if attempt_id else ""
        return f"{self._base}/{quote(agent_id)}/{kind.value}{query}"
