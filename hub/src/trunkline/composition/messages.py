"""The wing of messages: from a request to what became of it."""

from dataclasses import dataclass
from datetime import timedelta

from trunkline.composition.ground import Ground
from trunkline.composition.limits import compose_destinations
from trunkline.composition.media import MediaServices
from trunkline.composition.posts import Posts
from trunkline.composition.providers import Providers
from trunkline.composition.speech import SpeechServices
from trunkline.core.approvals.service import Approvals
from trunkline.core.calls.telling import Telling
from trunkline.core.delivery.beginning import Beginning
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.delivery.holding import Holding, Suspensions
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.delivery.retry import Redelivery
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.gate import Gate
from trunkline.core.gate.holds import HoldRule, Holds, read_holds
from trunkline.core.gate.order import Order
from trunkline.core.gate.rules import Rules
from trunkline.core.inbox.pages import Inbox
from trunkline.core.inbox.wait import Replies
from trunkline.core.sending.admission import Admission
from trunkline.core.sending.batches import Batches
from trunkline.core.sending.duplicating import Duplicating
from trunkline.core.sending.preparing import Preparing
from trunkline.core.sending.quoting import Quotes
from trunkline.core.sending.saying import Saying
from trunkline.core.sending.service import Messages
from trunkline.core.settlement.callwatch import CallWatch
from trunkline.core.settlement.lookups import Lookups
from trunkline.core.settlement.overdue import Overdue
from trunkline.core.settlement.prices import Prices
from trunkline.core.settlement.reconciliation import Reconciliation
from trunkline.core.settlement.recovery import Recovery
from trunkline.core.settlement.resolve import Decisions
from trunkline.sdk import NotConfigured
from trunkline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageServices:
    """Sending, reading and settling messages."""

    messages: Messages
    approvals: Approvals
    quotes: Quotes
    batches: Batches
    inbox: Inbox
    replies: Replies
    decisions: Decisions
    recovery: Recovery
    overdue: Overdue


def compose_messages(
    ground: Ground,
    posts: Posts,
    providers: Providers,
    media: MediaServices,
    speech: SpeechServices,
) -> MessageServices:
    """Put the wing together, and let the engine do its work."""
    db, engine, keys, clock = ground.db, ground.engine, ground.keys, ground.clock
    ids, log, settings = ground.ids, ground.log, ground.settings
    connections, routes, timeout_s = providers.connections, providers.routes, providers.timeout_s
    journal, final_within = posts.journal, timedelta(seconds=settings.messages.final_within_s)
    order = Order(settings.money.cheapest_first, settings.money.currency)
    rules = Rules(ground.lent.filters, posts.limits, keys, clock)
    destinations = compose_destinations(ground)
    holds = Holds(_holds_of(settings), ground.vault)
    gate = Gate(connections, ground.vault, clock, posts.limits, destinations, order, rules, holds)
    outcomes = Outcomes(journal, engine)
    holding = Holding(journal, engine, outcomes)
    beginning = Beginning(gate, outcomes, holding, journal, engine)
    delivery = Delivery(
        db,
        connections,
        routes,
        ground.reply_addresses,
        media.store,
        outcomes,
        beginning,
        clock,
        log,
        ground.metrics,
        providers.callback_url,
        is_public=settings.server.public_url is not None,
        timeout_s=timeout_s,
        may_ask=(lambda begun_s: True) if ground.lent.alone else ground.pulse.may_ask,
    )
    redelivery = Redelivery(
        db, connections, routes, beginning, delivery, outcomes, holding, journal, engine
    )
    lookups, telling = Lookups(connections, log, timeout_s), Telling(journal, posts.ledger)
    watch = CallWatch(db, connections, lookups, journal, engine, telling, log)
    reconciliation = Reconciliation(
        db,
        connections,
        lookups,
        redelivery,
        outcomes,
        journal,
        engine,
        providers.vendor_clocks,
        telling,
        log,
        timeout_s=timeout_s,
        flag_after=final_within,
    )
    engine.serve(JobKind.ATTEMPT, redelivery.work)
    engine.serve(JobKind.SUSPENSION, Suspensions(db, holding).work)
    engine.serve(JobKind.RECONCILE, reconciliation.work)
    engine.serve(JobKind.PRICE, Prices(db, connections, lookups, journal, engine).work)
    engine.serve(JobKind.CALL, watch.work)
    preparing = Preparing(
        db=db,
        gate=gate,
        journal=journal,
        keys=keys,
        clock=clock,
        shelf=ground.shelf,
        is_public=settings.server.public_url is not None,
        duplicate_window_s=settings.messages.duplicate_window_s,
    )
    approvals = Approvals(
        db=db,
        journal=journal,
        outcomes=outcomes,
        engine=engine,
        announcements=posts.announcements,
        keys=keys,
        log=log,
        expires=timedelta(hours=min(settings.approvals.expires_hours, settings.privacy.hold_hours)),
        undo=timedelta(seconds=settings.approvals.undo_s),
        people=settings.approvals.people,
    )
    engine.serve(JobKind.APPROVAL, approvals.work)
    saying = Saying(db, gate, speech.speaking, settings.voice.record_notice)
    messages = Messages(
        db,
        preparing,
        routes,
        Admission(
            db,
            gate,
            journal,
            ground.shelf,
            engine,
            clock,
            ids,
            posts.usage,
            posts.limits,
            approvals,
            posts.announcements,
            settings.messages.valid_for_s,
        ),
        delivery,
        journal,
        saying,
        timeout_s=timeout_s,
    )
    duplicating = Duplicating(
        db=db,
        messages=messages,
        connections=connections,
        vault=ground.vault,
        http=ground.lent.callbacks,
        engine=engine,
        keys=keys,
        clock=clock,
        ids=ids,
        log=log,
    )
    engine.serve(JobKind.DUPLICATE, duplicating.work)
    inbox = Inbox(db, ground.vault, ground.shelf, clock, log, settings.money.currency)
    return MessageServices(
        messages=messages,
        approvals=approvals,
        quotes=Quotes(db=db, preparing=preparing, saying=saying, routes=routes),
        batches=Batches(db, messages, keys, clock, ids),
        inbox=inbox,
        replies=Replies(db, inbox, clock),
        decisions=Decisions(db, journal, outcomes, engine),
        recovery=Recovery(journal, engine, delivery),
        overdue=Overdue(
            db, connections, lookups, journal, engine, telling, log, final_within=final_within
        ),
    )


def _holds_of(settings: Settings) -> tuple[HoldRule, ...]:
    """Return what of agents without rules of their own is held."""
    try:
        return read_holds(settings.agents.hold)
    except ValueError as error:
        raise NotConfigured(f"[agents] hold: {error}") from None
