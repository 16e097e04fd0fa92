"""The wing of providers: the configured accounts, and which of them may be asked."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from trunkline.composition.ground import Ground
from trunkline.core.connections.breaker import Breakers
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.routes import Routes
from trunkline.core.connections.troubles import Troubles
from trunkline.core.connections.verification import Verification
from trunkline.sdk import ProviderContext

PROBE_GRACE_S: Final = 5.0


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
        timeout_s: How long a provider may take for one answer.
    """

    connections: Connections
    vendor_clocks: VendorClocks
    troubles: Troubles
    routes: Routes
    verification: Verification
    callback_url: CallbackUrl
    timeout_s: float


def compose_providers(ground: Ground) -> Providers:
    """Put the wing together, and log what is wrong with it."""
    settings, clock, ids, log = ground.settings, ground.clock, ground.ids, ground.log
    vendor_clocks, callback_url = VendorClocks(clock), CallbackUrl(settings.public_url)

    def context_for(connection: str) -> ProviderContext:
        return ProviderContext(
            connection=connection,
            http=ground.lent.http(vendor_clocks.hearing(connection)),
            clock=clock,
            ids=ids,
            log=log,
            callback_url=callback_url,
            deliver=ground.lent.deliver,
        )

    connections = Connections(
        ground.lent.configured,
        settings.slots.by_kind(),
        context_for,
        log,
        list(settings.connection_tables),
    )
    for name, fault in connections.missing().items():
        log.error("connection.not_usable", connection=name, fault=fault)
    for name in connections.names():
        connection = connections.account(name)
        if connection is not None and connection.fault:
            log.error("connection.not_usable", connection=name, fault=connection.fault)
    for each in connections.all():
        if each.spec.warning and not each.fault:
            log.warning("connection.warning", connection=each.name, warning=each.spec.warning)
    timeout_s = settings.messages.provider_timeout_s
    probe_s = timeout_s + PROBE_GRACE_S
    breakers = Breakers(ground.db, clock, ids, log, ground.metrics, probe_s=probe_s)
    troubles = Troubles(clock, log, ground.metrics)
    return Providers(
        connections=connections,
        vendor_clocks=vendor_clocks,
        troubles=troubles,
        routes=Routes(ground.db, connections, breakers, troubles, clock, log, patience_s=timeout_s),
        verification=Verification(connections, troubles, clock, log, timeout_s=timeout_s),
        callback_url=callback_url,
        timeout_s=timeout_s,
    )
