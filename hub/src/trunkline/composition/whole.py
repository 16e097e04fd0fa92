"""The wings put together: one hub, and what works for it in the background."""

from dataclasses import dataclass
from datetime import timedelta

from trunkline.composition.alerts import compose_alerts
from trunkline.composition.ground import Lent, lay_ground
from trunkline.composition.inbound import compose_inbound
from trunkline.composition.media import compose_media
from trunkline.composition.messages import compose_messages
from trunkline.composition.posts import compose_posts
from trunkline.composition.providers import compose_providers
from trunkline.composition.provisioning import compose_provisioning
from trunkline.composition.speech import compose_speech
from trunkline.core.agents.models import SHARED_ADDRESSES
from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.audit.denials import Denials
from trunkline.core.audit.sealing import Sealer
from trunkline.core.audit.verifying import Verifying
from trunkline.core.audit.witness import FILE, Witness
from trunkline.core.calls.service import Calls
from trunkline.core.channels import CHANNELS
from trunkline.core.compliance.ledger import Consents
from trunkline.core.compliance.service import Suppressions
from trunkline.core.credentials.following import Following
from trunkline.core.credentials.watching import Watching
from trunkline.core.doctor.service import Doctor
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.executors import Executors, Pulse
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.holds import hold_fault
from trunkline.core.hub import Hub
from trunkline.core.inbound.listening import Listening
from trunkline.core.privacy.rotation import Rotation
from trunkline.core.privacy.sealing import Seals
from trunkline.core.provisioning.keeping import Keeping
from trunkline.core.provisioning.registering import Registering
from trunkline.core.retention.erasing import Erasing
from trunkline.core.retention.exporting import Exporting
from trunkline.core.retention.forgetting import Retention
from trunkline.core.retention.forgotten import Forgotten
from trunkline.core.retention.service import Privacy
from trunkline.core.retention.vendors import Vendors
from trunkline.core.settlement.overdue import Overdue
from trunkline.core.settlement.recovery import Recovery
from trunkline.core.templates.service import Templates
from trunkline.core.usage.service import UsageReports


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
    following: Following
    watching: Watching
    attempt_takes: timedelta


def compose(lent: Lent) -> Composed:
    """Put a hub together; nothing of it works yet."""
    ground = lay_ground(lent)
    posts = compose_posts(ground)
    providers = compose_providers(ground, posts.announcements.credentials)
    media = compose_media(ground, providers)
    speech = compose_speech(ground, posts, providers, media)
    messages = compose_messages(ground, posts, providers, media, speech)
    inbound = compose_inbound(ground, posts, providers, speech)
    settings, db, keys = ground.settings, ground.db, ground.keys
    clock, ids, log = ground.clock, ground.ids, ground.log
    connections = providers.connections
    rotation = Rotation(
        db=db,
        keys=keys,
        masters=lent.masters,
        engine=ground.engine,
        clock=clock,
        ids=ids,
        log=log,
        begun=lambda tx, by: ground.audit.act(tx, by, "keys.rotated", "keys"),
    )
    ground.engine.serve(JobKind.ROTATION, rotation.work)
    erasing = Erasing(
        db=db,
        vault=ground.vault,
        seals=Seals(keys, ids),
        forgotten=Forgotten(posts.journal, ground.shelf, connections),
        vendors=Vendors(db, connections, clock, log),
        engine=ground.engine,
        delete_object=media.fetching.work,
        clock=clock,
        ids=ids,
        log=log,
        audit=ground.audit,
    )
    ground.engine.serve(JobKind.ERASURE, erasing.work)
    own = [each for name, each in CHANNELS.items() if name not in SHARED_ADDRESSES]
    agents = Agents(
        db,
        clock,
        ids,
        posts.destinations.fault,
        hold_fault,
        connections.by_kind,
        own,
        speech.greetings.changed,
        log,
        posts.limits.begin,
        ground.audit,
    )
    tokens = Tokens(
        db,
        keys,
        clock,
        ids,
        log,
        ground.audit,
        posts.limits.begin_token,
        admin_tokens=[token.get_secret_value() for token in settings.admin_tokens],
        alone=lent.alone,
    )
    witness = Witness(settings.server.data_dir / FILE)
    hub = Hub(
        agents=agents,
        tokens=tokens,
        provisioning=compose_provisioning(ground, providers, agents, tokens, messages.messages),
        keeping=Keeping(db, ground.engine, clock),
        registering=Registering(
            db,
            providers.connections,
            ground.engine,
            Seals(keys, ids),
            clock,
            ids,
            ground.audit,
        ),
        limits=posts.limits,
        media=media.store,
        media_sweeping=media.sweeping,
        messages=messages.messages,
        approvals=messages.approvals,
        alarms=ground.alarms,
        alerts=compose_alerts(ground, posts.destinations, messages.messages),
        quotes=messages.quotes,
        batches=messages.batches,
        inbox=messages.inbox,
        calls=Calls(db),
        replies=messages.replies,
        decisions=messages.decisions,
        intake=inbound.intake,
        events=inbound.events,
        forwarding=posts.forwarding,
        subscriptions=posts.subscriptions,
        suppressions=Suppressions(db, log, ground.vault, ground.audit),
        consents=Consents(db, clock, ids, log, [*CHANNELS]),
        templates=Templates(
            db, connections, clock, ids, log, ground.audit, timeout_s=providers.timeout_s
        ),
        usage=UsageReports(db, clock, ids, settings.money.currency, connections.is_simulated),
        speaking=speech.speaking,
        sounds=speech.sounds,
        rotation=rotation,
        erasing=erasing,
        exporting=Exporting(db, posts.journal),
        privacy=Privacy(db, ground.vault, clock, ids, ground.audit),
        retention=Retention(
            db, clock, ids, settings.privacy.detail_days, settings.privacy.usage_days
        ),
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
        audit=Verifying(db, ground.chain, witness, ground.vault),
        sealer=Sealer(db, ground.chain, witness, clock, ids, log),
        denials=Denials(ground.audit, db, clock, log),
        connections=connections,
        routes=providers.routes,
        verification=providers.verification,
        registrations=providers.registrations,
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
        following=providers.following,
        watching=providers.watching,
        attempt_takes=timedelta(seconds=2 * providers.timeout_s),
    )
