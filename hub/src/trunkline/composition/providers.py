"""The wing of providers: the configured accounts, and which of them may be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from trunkline.composition.ground import Ground
from trunkline.core.agents.models import Mode
from trunkline.core.channels import CHANNELS
from trunkline.core.connections.breaker import Breakers
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.connections.in_turn import InTurn
from trunkline.core.connections.opening import OpenProviders
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.residents import Residents
from trunkline.core.connections.routes import Routes
from trunkline.core.connections.troubles import Troubles
from trunkline.core.connections.verification import Verification
from trunkline.core.credentials.following import Following
from trunkline.core.credentials.secrets import KeptSecrets
from trunkline.core.credentials.service import Registrations
from trunkline.core.credentials.watching import Announce, Watching
from trunkline.core.privacy.sealing import Seals
from trunkline.sdk import EventLog, ProviderContext, Secrets

PROBE_GRACE_S: Final = 5.0
_KINDS: Final = {name: rules.kind for name, rules in CHANNELS.items()}


class CallbackUrl:
    """Builds callback URLs under the hub's public address."""

    def __init__(self, public_url: str) -> None:
        self._base = f"{public_url.rstrip('/')}/webhooks"

    def __call__(self, kind: str, agent_id: str, attempt_id: str | None = None) -> str:
        query = f"?attempt={attempt_id}" if attempt_id else ""
        return f"{self._base}/{quote(agent_id)}/{kind}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """
    The accounts and the ways to them.

    Attributes:
        secrets_of: Returns what the provider of a connection keeps.
        timeout_s: How long a provider may take for one answer.
    """

    connections: Connections
    vendor_clocks: VendorClocks
    troubles: Troubles
    routes: Routes
    in_turn: InTurn
    verification: Verification
    following: Following
    watching: Watching
    registrations: Registrations
    callback_url: CallbackUrl
    secrets_of: Callable[[str], Secrets]
    timeout_s: float


def _directory_of(data_dir: Path, connection: str) -> Path:
    """Return the directory of a connection, which only the hub's user may look into."""
    directory = data_dir / "connections" / connection
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def compose_providers(ground: Ground, announce: Announce) -> Providers:
    """Put the wing together."""
    settings, clock, ids, log = ground.settings, ground.clock, ground.ids, ground.log
    seals = Seals(ground.keys, ids)
    vendor_clocks, callback_url = VendorClocks(clock), CallbackUrl(settings.public_url)

    def secrets_of(connection: str) -> KeptSecrets:
        return KeptSecrets(
            connection=connection, db=ground.db, seals=seals, clock=clock, ids=ids, log=log
        )

    def context_for(connection: str) -> ProviderContext:
        return ProviderContext(
            connection=connection,
            http=ground.lent.http(vendor_clocks.hearing(connection)),
            clock=clock,
            ids=ids,
            log=log,
            callback_url=callback_url,
            data_dir=partial(_directory_of, settings.server.data_dir, connection),
            deliver=ground.lent.deliver,
            secrets=secrets_of(connection),
            is_agents=Residents(ground.db, connections, _KINDS).lives_at,
        )

    timeout_s = settings.messages.provider_timeout_s
    connections = Connections(
        ground.lent.configured,
        settings.slots.by_kind(),
        context_for,
        log,
        OpenProviders(clock, log, settles_s=2 * timeout_s),  # opening it, and asking it
        list(settings.connection_tables),
        mode=Mode(settings.agents.mode),
    )
    probe_s = timeout_s + PROBE_GRACE_S
    breakers = Breakers(ground.db, clock, ids, log, ground.metrics, ground.alarms, probe_s=probe_s)
    troubles = Troubles(clock, log, ground.metrics, ground.alarms)
    connections.follow(troubles.forget)
    watching = Watching(ground.db, clock, ids, log, ground.metrics, announce, ground.alarms)
    troubles.follow(watching.hear)
    routes = Routes(ground.db, connections, breakers, troubles, clock, log, patience_s=timeout_s)
    verification = Verification(connections, troubles, clock, log, timeout_s=timeout_s)
    following = Following(ground.db, connections, ground.lent.configure, watching, seals, log)
    return Providers(
        connections=connections,
        vendor_clocks=vendor_clocks,
        troubles=troubles,
        routes=routes,
        in_turn=InTurn(connections, routes, log),
        verification=verification,
        following=following,
        watching=watching,
        registrations=Registrations(
            db=ground.db,
            connections=connections,
            following=following,
            verification=verification,
            watching=watching,
            providers=ground.lent.providers,
            seals=seals,
            clock=clock,
            ids=ids,
            log=log,
            audit=ground.audit,
        ),
        callback_url=callback_url,
        secrets_of=secrets_of,
        timeout_s=timeout_s,
    )


def tell_unusable(connections: Connections, log: EventLog) -> None:
    """Log what is wrong with the connections that there are at the start."""
    for name, fault in connections.missing().items():
        log.error("connection.not_usable", connection=name, fault=fault)
    for name in connections.names():
        connection = connections.account(name)
        if connection is not None and connection.fault:
            log.error("connection.not_usable", connection=name, fault=connection.fault)
    for each in connections.all():
        if each.spec.warning and not each.fault:
            log.warning("connection.warning", connection=each.name, warning=each.spec.warning)
