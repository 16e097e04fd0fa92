"""The wing of speech: texts as sound, and sound as text."""

from dataclasses import dataclass
from datetime import timedelta

from trunkline.composition.ground import Ground
from trunkline.composition.media import MediaServices
from trunkline.composition.posts import Posts
from trunkline.composition.providers import Providers
from trunkline.core.calls.greetings import Greetings
from trunkline.core.calls.transcripts import Transcripts
from trunkline.core.engine.repository import JobKind
from trunkline.core.speech.sounds import Sounds
from trunkline.core.speech.speaking import Speaking
from trunkline.core.speech.transcribing import Transcribing


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechServices:
    """What speaks, what finds what was spoken, and what recognises what is said."""

    speaking: Speaking
    sounds: Sounds
    greetings: Greetings
    transcribing: Transcribing


def compose_speech(
    ground: Ground, posts: Posts, providers: Providers, media: MediaServices
) -> SpeechServices:
    """Put the wing together."""
    settings, db, engine = ground.settings, ground.db, ground.engine
    speaking = Speaking(
        db=db,
        connections=providers.connections,
        routes=providers.routes,
        media=media.store,
        keys=ground.keys,
        clock=ground.clock,
        ids=ground.ids,
        log=ground.log,
        metrics=ground.metrics,
        usage=posts.usage,
        reuse_for=timedelta(hours=min(settings.voice.reuse_hours, settings.privacy.hold_hours)),
    )
    greetings = Greetings(db, speaking, media.store, ground.shelf, engine, ground.clock, ground.log)
    engine.serve(JobKind.GREETING, greetings.work)
    transcribing = Transcribing(
        providers.connections, providers.in_turn, ground.log, providers.timeout_s
    )
    transcripts = Transcripts(
        db, transcribing, media.store, ground.shelf, posts.journal, engine, posts.usage, ground.log
    )
    engine.serve(JobKind.TRANSCRIPT, transcripts.work)
    return SpeechServices(
        speaking=speaking,
        sounds=Sounds(db, posts.journal, media.store),
        greetings=greetings,
        transcribing=transcribing,
    )
