"""What Prometheus is told. A label holds a name or a word from a fixed list, never an address."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from trunkline.sdk.money import MICROS

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""The media type of `Metrics.render`."""

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# The time each series began is of no use here and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The figures of one hub, since its start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._actions = Counter(
            "comms_actions",
            "Acts that agents asked for.",
            ["agent", "channel", "action_type"],
            registry=self._registry,
        )
        self._cost = Counter(
            "comms_action_cost",
            "Cost of those acts in major units of the provider's currency.",
            ["agent", "channel"],
            registry=self._registry,
        )
        self._duration = Histogram(
            "comms_action_duration_seconds",
            "Time from accepting an act to its answer.",
            ["action_type"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._limit_hits = Counter(
            "comms_rate_limit_hits",
            "Acts that an agent's limits or its spend cap refused.",
            ["agent"],
            registry=self._registry,
        )
        self._webhooks = Counter(
            "comms_webhook_requests",
            "Requests from providers, by the HTTP status they were answered with.",
            ["agent", "provider", "status"],
            registry=self._registry,
        )
        self._inbound = Counter(
            "comms_inbound_events",
            "Events from providers: received, and how they ended.",
            ["state"],
            registry=self._registry,
        )
        self._pool_used = Gauge(
            "comms_agent_pool_used", "Agents admitted.", registry=self._registry
        )
        self._pool_total = Gauge(
            "comms_agent_pool_total", "Agents that may be admitted.", registry=self._registry
        )
        self._security = Counter(
            "comms_security_events",
            "Refused tokens, signatures and the like.",
            ["type"],
            registry=self._registry,
        )

        self._failovers = Counter(
            "comms_failovers",
            "Messages that another connection sent than the one that came first.",
            ["from", "to"],
            registry=self._registry,
        )
        self._circuits = Gauge(
            "comms_connection_circuit_open",
            "1 while a provider in trouble is left alone.",
            ["connection"],
            registry=self._registry,
        )
        self._troubles = Gauge(
            "comms_connection_trouble",
            "1 while an operator must act: credentials refused, out of credit, unreachable.",
            ["connection", "trouble"],
            registry=self._registry,
        )

    def action(self, *, agent: str, channel: str, action_type: str, duration_s: float) -> None:
        """Count one act that was answered, whatever the answer."""
        self._actions.labels(agent, channel, action_type).inc()
        self._duration.labels(action_type).observe(duration_s)

    def cost(self, *, agent: str, channel: str, cost_micros: int) -> None:
        """Add to what an agent's acts have cost."""
        self._cost.labels(agent, channel).inc(cost_micros / MICROS)

    def rate_limit_hit(self, *, agent: str) -> None:
        """Count one act that was one too many, or too dear."""
        self._limit_hits.labels(agent).inc()

    def webhook(self, *, agent: str, provider: str, status: int) -> None:
        """
        Count one provider's request.

        `agent` and `provider` are names the hub knows, or empty: a stranger must not be able to
        make up series.
        """
        self._webhooks.labels(agent, provider, str(status)).inc()

    def inbound_event(self, state: str) -> None:
        """
        Count one event: once as ``received``, and once by its end.

        That is ``handled``, ``ignored``, ``dead``, ``duplicate``, or ``failed``: the database
        refused it, and its provider was asked to send it again.
        """
        self._inbound.labels(state).inc()

    def pool(self, *, used: int, total: int) -> None:
        """Set how many agents there are and may be."""
        self._pool_used.set(used)
        self._pool_total.set(total)

    def failover(self, *, before: str, after: str) -> None:
        """Count one message that went over to another connection."""
        self._failovers.labels(before, after).inc()

    def circuit(self, *, connection: str, is_open: bool) -> None:
        """Set whether a connection's breaker is open."""
        self._circuits.labels(connection).set(is_open)

    def trouble(self, *, connection: str, kind: str, is_so: bool) -> None:
        """Set whether a connection's provider refuses its credentials, say."""
        self._troubles.labels(connection, kind).set(is_so)

    def security_event(self, event_type: str) -> None:
        """Count one event such as ``bad_signature``: a word of the code's, never a caller's."""
        self._security.labels(event_type).inc()

    def render(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)
