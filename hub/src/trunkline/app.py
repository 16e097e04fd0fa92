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
from trunkline.core.connections.registry import Connection, Connections, configure
from trunkline.core.gate.gate import Gate
from trunkline.core.hub import Hub
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.intake import Intake
from trunkline.core.messages.delivery import Delivery
from trunkline.core.messages.inbox import Inbox
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.recovery import close_leftovers
from trunkline.core.messages.service import LOCAL_EXECUTOR, Messages
from trunkline.core.principal import Principal
from trunkline.core.principal import Scope as PrincipalScope
from trunkline.core.privacy.keys import Keys, load_master_key
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
)
from trunkline.settings import Settings

HOUSEKEEPING_S: Final = 60.0
DRAIN_S: Final = 10.0
STRAGGLERS_S: Final = 60.0
"""Beyond the provider's time-out, what an attempt of another hub may still take."""


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
    ):
        await bring_up_to_date(db, embedded=database.embedded, allowed=migrate)
        loopback = Loopback()
        alone = database.embedded
        hub, journal = _compose(settings, configured, db, http, clock, ids, log, loopback, alone)
        await hub.agents.ensure_pool(settings.pool.size)
        abandoned = None if database.embedded else _abandoned_after(settings)
        await _recover(hub, journal, abandoned)
        await _sweep(hub, journal, abandoned)
        running = build_applications(settings, plugins, hub, loopback)
        housekeeping = asyncio.create_task(_keep_house(hub, journal, abandoned))
        try:
            yield running
        finally:
            housekeeping.cancel()
            unfinished = await hub.messages.drain(DRAIN_S)
            if unfinished:
                log.warning("hub.stopped_with_sends_under_way", count=unfinished)
            await hub.connections.close()
            await hub.tokens.note_uses()


def _compose(
    settings: Settings,
    configured: Sequence[Connection],
    db: Database,
    http: httpx2.AsyncClient,
    clock: Clock,
    ids: IdSource,
    log: EventLog,
    loopback: Loopback,
    alone: bool,
) -> tuple[Hub, Journal]:
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
    delivery = Delivery(db, connections, journal, clock, log, callback_url, timeout_s=timeout_s)
    hub = Hub(
        agents=Agents(db, clock, ids),
        tokens=Tokens(
            db,
            keys,
            clock,
            ids,
            admin_tokens=[token.get_secret_value() for token in settings.admin_tokens],
            alone=alone,
        ),
        messages=Messages(
            db,
            Gate(connections),
            delivery,
            journal,
            keys,
            clock,
            ids,
            duplicate_window_s=settings.messages.duplicate_window_s,
            timeout_s=timeout_s,
        ),
        inbox=Inbox(db, vault, clock, log),
        intake=Intake(db, connections, journal, Dispatch(journal), log),
        privacy=Privacy(db, vault, clock, ids),
        connections=connections,
        db=db,
        metrics=Metrics(),
        clock=clock,
        log=log,
    )
    return hub, journal


def _abandoned_after(settings: Settings) -> timedelta:
    """Return the age from which no hub can still be at work on an attempt."""
    return timedelta(seconds=settings.messages.provider_timeout_s + STRAGGLERS_S)


async def _recover(hub: Hub, journal: Journal, abandoned: timedelta | None) -> None:
    leftovers = await close_leftovers(hub.db, journal, hub.clock, LOCAL_EXECUTOR, abandoned)
    if leftovers:
        hub.log.warning("hub.found_sends_of_unknown_outcome", count=leftovers)


async def _keep_house(hub: Hub, journal: Journal, abandoned: timedelta | None) -> None:
    """Once a minute: shred what is past its time, and write down what is only remembered."""
    while True:
        await hub.clock.sleep(HOUSEKEEPING_S)
        await _sweep(hub, journal, abandoned)


async def _sweep(hub: Hub, journal: Journal, abandoned: timedelta | None) -> None:
    try:
        if abandoned is not None:  # what another hub left, and was too young at the start of this
            await _recover(hub, journal, abandoned)
        shredded = await hub.privacy.sweep()
        if shredded:
            hub.log.info("privacy.shredded", count=shredded)
        await hub.tokens.note_uses()
        pool = await hub.agents.pool(Principal(scope=PrincipalScope.LOCAL))
        hub.metrics.pool(used=pool.used, total=pool.size)
    except Exception as error:
        hub.log.error("housekeeping.failed", error_type=type(error).__name__, exc_info=error)


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
