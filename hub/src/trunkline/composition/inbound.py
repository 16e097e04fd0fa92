"""The wing of what comes in: webhooks, and providers that have none."""

from dataclasses import dataclass

from trunkline.composition.ground import Ground
from trunkline.composition.posts import Posts
from trunkline.composition.providers import Providers
from trunkline.composition.speech import SpeechServices
from trunkline.core.calls.answering import Answers
from trunkline.core.engine.repository import JobKind
from trunkline.core.inbound.completing import Completing
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.early import EarlyReports
from trunkline.core.inbound.events import Events
from trunkline.core.inbound.intake import Intake
from trunkline.core.inbound.listening import Listening
from trunkline.core.inbound.vouching import Vouching


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundServices:
    """What takes in, and what can be read again."""

    intake: Intake
    events: Events
    listening: Listening


def compose_inbound(
    ground: Ground, posts: Posts, providers: Providers, speech: SpeechServices
) -> InboundServices:
    """Put the wing together, and let the engine do its work."""
    db, engine, log = ground.db, ground.engine, ground.log
    connections, journal = providers.connections, posts.journal
    completing = Completing(connections, log)
    dispatch = Dispatch(
        journal,
        posts.forwarding,
        posts.announcements,
        engine,
        connections,
        ground.reply_addresses,
        posts.ledger,
        ground.shelf,
        posts.duplicates,
        notes_all=bool(ground.lent.filters),
    )
    answers = Answers(db, connections, providers.callback_url, speech.greetings.sound)
    vouching = Vouching(connections, providers.secrets_of, log)
    intake = Intake(
        db,
        connections,
        journal,
        dispatch,
        completing,
        ground.metrics,
        log,
        answers,
        vouching,
        ground.alarms,
    )
    engine.serve(JobKind.REPORT, EarlyReports(db, connections, dispatch, journal, engine).work)
    return InboundServices(
        intake=intake,
        events=Events(db, connections, journal, dispatch, completing, log),
        listening=Listening(db, connections, intake, engine, ground.clock, ground.ids, log),
    )
