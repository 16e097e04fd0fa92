"""The composition root: opens a hub from settings and plugins, and builds its applications."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from trunkline.applications import Loopback, RunningHub, build_applications
from trunkline.background import at_work
from trunkline.composition import Lent, compose
from trunkline.composition.providers import tell_unusable
from trunkline.core.compliance.filters import create_filters
from trunkline.core.connections.configuring import configure
from trunkline.core.connections.registry import Connection
from trunkline.core.connections.uncalled import not_set
from trunkline.core.forwarding.courier import TIMEOUT_S
from trunkline.core.privacy.masters import Masters
from trunkline.core.privacy.roots import open_keys
from trunkline.db.migrate import bring_up_to_date
from trunkline.db.opening import open_patiently
from trunkline.egress import open_client, open_clients
from trunkline.loading import Plugins
from trunkline.logs import get_log
from trunkline.sdk import (
    Clock,
    DatabaseContext,
    DatabaseSpec,
    FilterSpec,
    IdSource,
    NotConfigured,
    SystemClock,
)
from trunkline.settings import Settings


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
    works: bool = True,
) -> AsyncIterator[RunningHub]:
    """
    Open a hub and close it again; nothing listens yet.

    `migrate` permits migrating a database that is not embedded, and for one whose server is away
    `patience_s` seconds are waited. One that does not work answers what it is asked, and does
    nothing by itself: it is there for a command.

    Raises:
        NotConfigured: Something must be installed or set first.
        DatabaseFailed: The database cannot be opened.
    """
    clock = clock or SystemClock()
    ids = IdSource(clock, entropy)
    log = get_log("trunkline")
    configured_with = partial(
        configure,
        plugins.providers,
        settings.connection_tables,
        settings.slots.by_kind(),
        environ,
        settings.origin_in_table,
        settings.prices,
        settings.money.currency,
    )
    configured = configured_with()
    database = database_spec(settings, plugins)
    context = DatabaseContext(data_dir=settings.server.data_dir, clock=clock, log=log)
    async with (
        open_patiently(database, settings.database.url, context, patience_s) as db,
        open_clients(
            total_s=settings.messages.provider_timeout_s, allow=_urls(configured), log=log
        ) as http,
        open_client(
            total_s=TIMEOUT_S, allow=settings.messages.callback_allow, log=log
        ) as callbacks,
    ):
        await bring_up_to_date(db, embedded=database.embedded, allowed=migrate)
        loopback = Loopback()
        masters = Masters(
            settings.server.data_dir, [each.get_secret_value() for each in settings.encryption_keys]
        )
        keys = await open_keys(db, masters, clock, ids)
        composed = compose(
            Lent(
                settings=settings,
                configured=configured,
                configure=lambda registered: configured_with(registered=registered),
                providers=frozenset().union(*plugins.providers.values()),
                db=db,
                masters=masters,
                keys=keys,
                alone=database.embedded,
                http=http,
                callbacks=callbacks,
                clock=clock,
                ids=ids,
                log=log,
                deliver=loopback.deliver,
                filters=create_filters(
                    _wanted_filters(settings, plugins),
                    order=settings.rules.order,
                    disabled=settings.rules.disabled,
                    tables=settings.filters,
                    timeout_s=settings.rules.timeout_ms / 1000,
                    log=log,
                ),
                sinks=plugins.sinks,
            )
        )
        hub = composed.hub
        await composed.following.refresh()
        tell_unusable(hub.connections, log)
        uncalled = hub.connections.calling()
        if works and uncalled and settings.server.public_url is None:
            log.warning("hub.no_public_url", reason=not_set(uncalled))
        await hub.agents.ensure_pool(settings.pool.size)
        if works:
            await hub.provisioning.filling.begin()
        try:
            async with at_work(composed) if works else nullcontext():
                yield build_applications(settings, plugins, hub, loopback)
        finally:
            await hub.connections.close()
            await hub.alerts.sinks.close()
            await hub.tokens.note_uses()
            await hub.alarms.write_down()


def _wanted_filters(settings: Settings, plugins: Plugins) -> Mapping[str, FilterSpec[Any]]:
    """Return the filters that judge: in the demo, whose people have no night, those named alone."""
    if not settings.server.demo:
        return plugins.filters
    named = {*settings.rules.order, *settings.filters}
    return {name: spec for name, spec in plugins.filters.items() if name in named}


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
