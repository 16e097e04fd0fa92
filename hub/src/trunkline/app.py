"""The composition root: opens a hub from settings and plugins, and builds its applications."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2

from trunkline.applications import Loopback, RunningHub, build_applications
from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.connections.breaker import Breakers
from trunkline.core.connections.registry import Connection, Connections, configure
from trunkline.core.connections.routes import Routes
from trunkline.core.doctor.service import Doctor
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.executors import Executors, Pulse
from trunkline.core.engine.repository import JobKind, read_beats, release, release_strangers
from trunkline.core.forwarding.courier import TIMEOUT_S, Courier
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.gate.gate import Gate
from trunkline.core.hub import Hub
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.events import Events
from trunkline.core.inbound.intake import Intake
from trunkline.core.messages.admission import Admission
from trunkline.core.messages.batches import Batches
from trunkline.core.messages.beginning import Beginning
from trunkline.core.messages.deciding import Decisions
from trunkline.core.messages.delivery import Delivery
from trunkline.core.messages.inbox import Inbox
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.outcomes import Outcomes
from trunkline.core.messages.overdue import Overdue
from trunkline.core.messages.reconciliation import Reconciliation
from trunkline.core.messages.recovery import Recovery
from trunkline.core.messages.redelivery import Redelivery
from trunkline.core.messages.replies import Replies
from trunkline.core.messages.service import Messages
from trunkline.core.principal import Principal
from trunkline.core.principal import Scope as PrincipalScope
from trunkline.core.privacy.keys import Keys, load_master_key
from trunkline.core.privacy.retention import Retention
from trunkline.core.privacy.service import Privacy
from trunkline.core.privacy.vault import BodyVault
from trunkline.db.migrate import bring_up_to_date
from trunkline.db.opening import open_patiently
from trunkline.egress import open_client
from trunkline.loading import Plugins
from trunkline.logs import get_log
from trunkline.metrics import Metrics
from trunkline.sdk import (
    CallbackKind,
    Clock,
    Database,
    DatabaseContext,
    DatabaseSpec,
    EventLog,
    IdSource,
    NotConfigured,
    ProviderContext,
    SystemClock,
    Tx,
)
from trunkline.settings import Settings
from trunkline.surfaces.forwarded import forwarded

HOUSEKEEPING_S: Final = 60.0
DRAIN_S: Final = 10.0
LOCAL_EXECUTOR: Final = "local"
"""Who does the work on an embedded database: there is only ever one."""
PROBE_GRACE_S: Final = 5.0
STRAGGLERS_S: Final = 30.0
"""Beyond opening the provider and asking it, what an attempt may still take."""


@asynccontextmanager
async def open_hub(
    settings: Settings,
    plugins: Plugins,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
    migrate: bool = False,
    patience_s: float = 0.0,
) -> AsyncIterator[RunningHub]:
    """
    Open a hub and close it again; nothing listens yet.

    `migrate` permits migrating a database that is not embedded, and for one whose server is away
    `patience_s` seconds are waited.

    Raises:
        NotConfigured: Something must be installed or set first.
        DatabaseFailed: The database cannot be opened.
    """
    clock = clock or SystemClock()
    ids = IdSource(clock, entropy)
    log = get_log("trunkline")
    configured = configure(
        plugins.telephony, settings.connection_tables, settings.slots.telephony, environ
    )
    database = database_spec(settings, plugins)
    context = DatabaseContext(data_dir=settings.server.data_dir, clock=clock, log=log)
    async with (
        open_patiently(database, settings.database.url, context, patience_s) as db,
        open_client(
            total_s=settings.messages.provider_timeout_s, allow=_urls(configured), log=log
        ) as http,
        open_client(
            total_s=TIMEOUT_S, allow=settings.messages.callback_allow, log=log
        ) as callbacks,
    ):
        await bring_up_to_date(db, embedded=database.embedded, allowed=migrate)
        loopback = Loopback()
        alone = database.embedded
        executor = LOCAL_EXECUTOR if database.embedded else ids.new("exe")
        engine = Engine(db, clock, ids, log, executor)
        pulse = Pulse(db, clock, executor)
        hub, recovery = _compose(
            settings,
            configured,
            db,
            http,
            callbacks,
            clock,
            ids,
            log,
            loopback,
            alone,
            engine,
            pulse,
        )
        await hub.agents.ensure_pool(settings.pool.size)
        overdue = Overdue(
            db,
            hub.connections,
            recovery.journal,
            log,
            timeout_s=settings.messages.provider_timeout_s,
            final_within=timedelta(seconds=settings.messages.final_within_s),
        )
        await _settle_restored(hub, recovery)
        executors = Executors(db, clock, log, pulse, executor, recovery.bury)
        if database.embedded:
            await _take_over(hub, recovery, executor)
        else:
            await pulse.beat()
        background = [asyncio.create_task(_keep_house(hub, recovery, overdue, settings))]
        background.append(asyncio.create_task(engine.run()))
        background.append(asyncio.create_task(hub.routes.run()))
        background.append(asyncio.create_task(_forget_in_time(hub)))
        if not database.embedded:
            background.append(asyncio.create_task(executors.run()))
        running = build_applications(settings, plugins, hub, loopback)
        try:
            yield running
        finally:
            for task in background[:4]:
                task.cancel()
            unfinished = sum(
                await asyncio.gather(hub.messages.drain(DRAIN_S), engine.drain(DRAIN_S))
            )
            if unfinished:
                log.warning("hub.stopped_with_sends_under_way", count=unfinished)
            for task in background[4:]:
                task.cancel()
            if not database.embedded and not unfinished:
                await pulse.leave()
            await hub.connections.close()
            await hub.tokens.note_uses()


def _compose(
    settings: Settings,
    configured: Sequence[Connection],
    db: Database,
    http: httpx2.AsyncClient,
    callbacks: httpx2.AsyncClient,
    clock: Clock,
    ids: IdSource,
    log: EventLog,
    loopback: Loopback,
    alone: bool,
    engine: Engine,
    pulse: Pulse,
) -> tuple[Hub, Recovery]:
    given = settings.encryption_key.get_secret_value() if settings.encryption_key else None
    keys = Keys(load_master_key(settings.server.data_dir, given))
    vault = BodyVault(keys, clock, ids, hold_hours=settings.privacy.hold_hours)
    journal = Journal(vault, clock, ids)
    callback_url = _CallbackUrl(settings.public_url)

    def context_for(connection: str) -> ProviderContext:
        return ProviderContext(
            connection=connection,
            http=http,
            clock=clock,
            ids=ids,
            log=log,
            callback_url=callback_url,
            deliver=loopback.deliver,
        )

    connections = Connections(configured, settings.slots.telephony, context_for, log)
    for name in connections.names():
        connection = connections.find(name)
        if connection is not None and connection.fault:
            log.error("connection.not_usable", connection=name, fault=connection.fault)
    timeout_s = settings.messages.provider_timeout_s
    metrics = Metrics()
    gate = Gate(connections)
    outcomes = Outcomes(journal, engine)
    breakers = Breakers(db, clock, ids, log, metrics, probe_s=timeout_s + PROBE_GRACE_S)
    routes = Routes(db, connections, breakers, clock, log, patience_s=timeout_s)
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
        timeout_s=timeout_s,
        may_ask=(lambda begun_s: True) if alone else pulse.may_ask,
    )
    redelivery = Redelivery(db, connections, routes, beginning, delivery, outcomes, journal, engine)
    reconciliation = Reconciliation(
        db,
        connections,
        redelivery,
        journal,
        engine,
        log,
        timeout_s=timeout_s,
        flag_after=timedelta(seconds=settings.messages.final_within_s),
    )
    engine.serve(JobKind.ATTEMPT, redelivery.work)
    engine.serve(JobKind.RECONCILE, reconciliation.work)
    destinations = Destinations(settings.messages.callback_url, settings.messages.callback_allow)
    courier = Courier(db, callbacks, destinations, journal, engine, keys, log, forwarded)
    engine.serve(JobKind.FORWARD, courier.work)
    forwarding = Forwarding(db, destinations, engine, keys, clock, ids)
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
    dispatch = Dispatch(journal, forwarding)
    hub = Hub(
        agents=Agents(db, clock, ids, destinations.fault),
        tokens=Tokens(
            db,
            keys,
            clock,
            ids,
            admin_tokens=[token.get_secret_value() for token in settings.admin_tokens],
            alone=alone,
        ),
        messages=messages,
        batches=Batches(db, messages, keys, clock, ids),
        inbox=inbox,
        replies=Replies(db, inbox),
        intake=Intake(db, connections, journal, dispatch, metrics, log),
        events=Events(db, connections, journal, dispatch, log),
        forwarding=forwarding,
        decisions=Decisions(db, journal, outcomes, engine),
        privacy=Privacy(db, vault, clock, ids),
        retention=Retention(db, clock, ids, settings.privacy.detail_days),
        doctor=Doctor(
            db=db,
            connections=connections,
            keys=keys,
            clock=clock,
            ids=ids,
            log=log,
            data_dir=settings.server.data_dir,
            public_url=settings.public_url,
            wanted=sorted({*settings.connection_tables, *settings.slots.telephony}),
        ),
        connections=connections,
        routes=routes,
        db=db,
        metrics=metrics,
        clock=clock,
        log=log,
    )
    return hub, Recovery(journal, engine, delivery)


async def _settle_restored(hub: Hub, recovery: Recovery) -> None:
    unknown = await hub.db.write(recovery.settle_restored)
    if unknown is not None:
        hub.log.warning("hub.restored", unknown=unknown)


async def _take_over(hub: Hub, recovery: Recovery, executor: str) -> None:
    """Settle what the last process on an embedded database left: it was alone, and is dead."""

    def fn(tx: Tx) -> int:
        release(tx, executor)
        return recovery.bury(tx, executor)

    leftovers = await hub.db.write(fn)
    if leftovers:
        hub.log.warning("hub.found_sends_of_unknown_outcome", count=leftovers)


async def _keep_house(hub: Hub, recovery: Recovery, overdue: Overdue, settings: Settings) -> None:
    """At once and every minute: shred what is past its time, write down what is only remembered."""
    while True:
        await _sweep(hub, recovery, overdue, settings)
        await hub.clock.sleep(HOUSEKEEPING_S)


async def _forget_in_time(hub: Hub) -> None:
    """Look every minute whether today's details of what is over are still to be forgotten."""
    while True:
        await hub.clock.sleep(HOUSEKEEPING_S)
        try:
            forgotten = await hub.retention.sweep()
            if forgotten:
                hub.log.info("privacy.forgotten", count=forgotten)
        except Exception as error:
            hub.log.error("housekeeping.failed", error_type=type(error).__name__, exc_info=error)


async def _sweep(hub: Hub, recovery: Recovery, overdue: Overdue, settings: Settings) -> None:
    abandoned_s = 2 * settings.messages.provider_timeout_s + STRAGGLERS_S
    try:
        await hub.db.write(lambda tx: _bury_forgotten(tx, recovery, abandoned_s))
        shredded = await hub.privacy.sweep()
        if shredded:
            hub.log.info("privacy.shredded", count=shredded)
        await hub.tokens.note_uses()
        pool = await hub.agents.pool(Principal(scope=PrincipalScope.LOCAL))
        hub.metrics.pool(used=pool.used, total=pool.size)
        await overdue.sweep()
    except Exception as error:
        hub.log.error("housekeeping.failed", error_type=type(error).__name__, exc_info=error)


def _bury_forgotten(tx: Tx, recovery: Recovery, abandoned_s: float) -> None:
    """Settle what nobody knows any more."""
    me, others = recovery.engine.executor, set(read_beats(tx))
    release_strangers(tx, {me, *others})
    begun_before = recovery.journal.clock.now() - timedelta(seconds=abandoned_s)
    recovery.bury_forgotten(tx, others - {me}, begun_before)


def database_spec(settings: Settings, plugins: Plugins) -> DatabaseSpec:
    """Return what opens the database of the settings; NotConfigured if no loaded plugin does."""
    scheme = urlsplit(settings.database.url).scheme
    spec = plugins.databases.get(scheme)
    if spec is None:
        known = ", ".join(sorted(plugins.databases)) or "none"
        raise NotConfigured(
            f"No loaded plugin opens '{scheme}' databases (loaded: {known}). Install one, such as "
            "trunkline-sqlite, or set [database] url; `trunkline plugins list` tells more."
        )
    return spec


def _urls(connections: Sequence[Connection]) -> Iterator[str]:
    """Return the texts in the connections' configuration that are URLs: their vendors'."""
    for connection in connections:
        for _, value in connection.config or ():
            if str(value).startswith(("http://", "https://")):
                yield str(value)


class _CallbackUrl:
    """Builds callback URLs under the hub's public address."""

    def __init__(self, public_url: str) -> None:
        self._base = f"{public_url.rstrip('/')}/webhooks"

    def __call__(self, kind: CallbackKind, agent_id: str, attempt_id: str | None = None) -> str:
        query = f"?attempt={attempt_id}" if attempt_id else ""
        return f"{self._base}/{quote(agent_id)}/{kind.value}{query}"
