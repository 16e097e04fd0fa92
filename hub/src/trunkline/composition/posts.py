"""The wing of posts: who is told of what happens, at which URL."""

from dataclasses import dataclass

from trunkline.composition.ground import Ground
from trunkline.composition.limits import compose_limits
from trunkline.core.calls.ledger import Ledger
from trunkline.core.duplicates.service import Duplicates
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding.courier import Courier
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.limits.service import LimitKeeper
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message, Status
from trunkline.core.privacy.sealing import Seals
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.core.subscriptions.challenge import Challenges
from trunkline.core.subscriptions.secrets import SecretStore
from trunkline.core.subscriptions.service import Subscriptions
from trunkline.core.subscriptions.waking import Waker
from trunkline.core.usage.books import Books
from trunkline.core.usage.ledger import Ledger as Usage
from trunkline.sdk import Tx
from trunkline.surfaces.forwarded import forwarded, mirrored
from trunkline.surfaces.occurrences import occurrence_body


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """What tells agents and subscribers, and the journal whose moves they hear of."""

    destinations: Destinations
    forwarding: Forwarding
    announcements: Announcements
    subscriptions: Subscriptions
    journal: Journal
    duplicates: Duplicates
    ledger: Ledger
    usage: Usage
    limits: LimitKeeper


def compose_posts(ground: Ground) -> Posts:
    """Put the wing together, and let the engine do its work."""
    db, engine, keys = ground.db, ground.engine, ground.keys
    clock, ids, log = ground.clock, ground.ids, ground.log
    allowed = ground.settings.messages
    destinations = Destinations(allowed.callback_url, allowed.callback_allow)
    forwarding = Forwarding(db, destinations, engine, keys, clock, ids, ground.audit)
    announcements = Announcements(engine, clock, ids)
    secrets = SecretStore(Seals(keys, ids))
    http = ground.lent.callbacks

    limits = compose_limits(ground)
    usage = Usage(limits, Books(clock, ids, ground.settings.money.markup_basis_points))
    ledger = Ledger(clock, ids, engine, usage)

    duplicates = Duplicates(ground.vault, engine, clock, ids, mirrored, ground.shelf.files)

    def announce(tx: Tx, workspace_id: str, message: Message, to: Status) -> None:
        ledger.moved(tx, workspace_id, message, to)
        if message.duplicate_of is not None:
            return  # its agent never sent that, and is not to hear of its failing
        forwarding.announce_move(tx, workspace_id, message, to)
        announcements.moved(tx, workspace_id, message, to)

    journal = Journal(
        ground.vault,
        clock,
        ids,
        announce,
        ground.shelf.let_go,
        usage,
        duplicates.taken,
        ground.audit,
    )
    courier = Courier(
        db,
        http,
        destinations,
        journal,
        engine,
        keys,
        log,
        ground.alarms,
        forwarded,
        ground.shelf.files,
    )
    waker = Waker(db, http, secrets, engine, clock, ids, log, occurrence_body)
    engine.serve(JobKind.FORWARD, courier.work)
    engine.serve(JobKind.OCCURRENCE, waker.work)
    return Posts(
        destinations=destinations,
        forwarding=forwarding,
        announcements=announcements,
        subscriptions=Subscriptions(
            db, destinations, Challenges(http, clock, ids), secrets, clock, log
        ),
        journal=journal,
        duplicates=duplicates,
        ledger=ledger,
        usage=usage,
        limits=limits,
    )
