"""The wings put together: one hub, and what works for it in the background."""

from dataclasses import dataclass
from datetime import timedelta

from trunkline.composition.ground import Lent, lay_ground
from trunkline.composition.inbound import compose_inbound
from trunkline.composition.messages import compose_messages
from trunkline.composition.posts import compose_posts
from trunkline.composition.providers import compose_providers
from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.channels import CHANNELS
from trunkline.core.compliance.service import Suppressions
from trunkline.core.doctor.service import Doctor
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.executors import Executors, Pulse
from trunkline.core.hub import Hub
from trunkline.core.inbound.listening import Listening
from trunkline.core.retention.forgetting import Retention
from trunkline.core.retention.service import Privacy
from trunkline.core.settlement.overdue import Overdue
from trunkline.core.settlement.recovery import Recovery
from trunkline.core.templates.service import Templates


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
    ground = lay_ground(lent)
    posts = compose_posts(ground)
    providers = compose_providers(ground)
    messages = compose_messages(ground, posts, providers)
    inbound = compose_inbound(ground, posts, providers)
    settings, db, keys = ground.settings, ground.db, ground.keys
    clock, ids, log = ground.clock, ground.ids, ground.log
    connections = providers.connections
    hub = Hub(
        agents=Agents(
            db, clock, ids, posts.destinations.fault, connections.by_kind(), CHANNELS.values()
        ),
        tokens=Tokens(
            db,
            keys,
            clock,
            ids,
            admin_tokens=[token.get_secret_value() for token in settings.admin_tokens],
            alone=lent.alone,
        ),
        messages=messages.messages,
        batches=messages.batches,
        inbox=messages.inbox,
        replies=messages.replies,
        decisions=messages.decisions,
        intake=inbound.intake,
        events=inbound.events,
        forwarding=posts.forwarding,
        subscriptions=posts.subscriptions,
        suppressions=Suppressions(db, log),
        templates=Templates(db, connections, clock, ids, log, timeout_s=providers.timeout_s),
        privacy=Privacy(db, keys, ground.vault, clock, ids),
        retention=Retention(db, clock, ids, settings.privacy.detail_days),
        doctor=Doctor(
            db=db,
            connections=connections,
            vendor_clocks=providers.vendor_clocks,
            troubles=providers.troubles,
            verification=providers.verification,
            keys=keys,
            clock=clock,
            ids=ids,
            log=log,
            data_dir=settings.server.data_dir,
            public_url=settings.public_url,
            is_public=settings.server.public_url is not None,
        ),
        connections=connections,
        routes=providers.routes,
        verification=providers.verification,
        db=db,
        metrics=ground.metrics,
        clock=clock,
        log=log,
    )
    recovery = messages.recovery
    return Composed(
        hub=hub,
        alone=lent.alone,
        engine=ground.engine,
        pulse=ground.pulse,
        executors=Executors(db, clock, log, ground.pulse, ground.executor, recovery.settle_dead),
        recovery=recovery,
        overdue=messages.overdue,
        listening=inbound.listening,
        attempt_takes=timedelta(seconds=2 * providers.timeout_s),
    )
