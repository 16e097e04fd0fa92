"""Texts as sound: spoken by the first provider that can, converted, and kept for a while."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from trunkline.core.agents.models import Agent
from trunkline.core.agents.suspension import check_active
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.routes import Later, Routes
from trunkline.core.media.models import Medium
from trunkline.core.media.service import MediaStore
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import Invalid, NotSpoken
from trunkline.core.sound.converting import Conversion
from trunkline.core.sound.faults import BadSound
from trunkline.core.speech import repository
from trunkline.core.speech.models import Cost, Spoken
from trunkline.core.speech.terms import cost_of, longest, source_of
from trunkline.core.usage.ledger import Ledger
from trunkline.core.usage.models import PartCost
from trunkline.metrics import Metrics
from trunkline.sdk import (
    STORAGE,
    TTS,
    AudioFormat,
    AuthFailed,
    Billed,
    Clock,
    Database,
    EventLog,
    IdSource,
    Media,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
    Speech,
    TtsProvider,
    Tx,
    Unsupported,
)

_MONTH: Final = timedelta(days=30)

_CHARACTER_MS: Final = 72
"""So long a character takes, before anybody has spoken it."""

_PIECE_TIMEOUT_S: Final = 20.0
"""So long a provider may be silent between two pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What shall be spoken, for a message of a channel.

    Attributes:
        voice: A voice of the first provider; empty for its own.
        form: What it must become.
    """

    agent: Agent
    channel: str
    text: str
    voice: str
    form: AudioFormat


@dataclass(frozen=True, slots=True)
class Speaking:
    """
    Speaks texts by the tts slot, and says so where another than the first had to.

    `reuse_for` is how long what was spoken of a text serves for the same again; none is never.
    """

    db: Database
    connections: Connections
    routes: Routes
    media: MediaStore
    keys: Keys
    clock: Clock
    ids: IdSource
    log: EventLog
    metrics: Metrics
    usage: Ledger
    reuse_for: timedelta
    _speaking: WeakValueDictionary[bytes, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def planned(self, wish: Wish) -> tuple[Sequence[Connection], bytes]:
        """Return who may speak a text, best first, and what it is found by once it was spoken."""
        if not any(map(str.isalnum, wish.text)):
            raise Invalid("text", "there is nothing in it that can be spoken.")
        first = self.connections.for_agent(wish.agent, TTS.name)
        able = self.connections.candidates(first, wish.agent, frozenset())
        fitting = [each for each in able if len(wish.text) <= longest(each)]
        if not fitting:
            raise Invalid("text", f"at most {max(map(longest, able)):,} characters can be spoken.")
        digest = self.keys.digest(
            Purpose.SPEECH, wish.agent.id, wish.text, wish.voice, wish.form, fitting[0].name
        )
        return fitting, digest

    async def foreseen(self, workspace_id: str, wish: Wish) -> Spoken:
        """
        Return what `spoken` would, asking nobody: what is not known of it is a guess.

        Raises:
            Invalid, Missing: As of `spoken`, as far as the hub can tell.
        """
        (first, *_), digest = self.planned(wish)
        known = await self.db.peek(
            lambda tx: repository.find_speech(
                tx, workspace_id, wish.agent.id, digest, self.clock.now()
            )
        )
        return known or Spoken(
            media=Media(url="", content_type=wish.form.content_type),
            duration_ms=len(wish.text) * _CHARACTER_MS,
            connection=first.name,
            costs=(cost_of(first, wish.text, ()),),
        )

    async def spoken(self, workspace_id: str, wish: Wish) -> Spoken:
        """
        Return the sound of a text.

        Raises:
            Invalid: It is too long or nothing in it can be spoken, or there is no such voice.
            Missing: Nothing can speak here; the sentence says what to install or set.
            NotSpoken: No provider would speak now. Nothing was sent.
            Forbidden: The agent is suspended.
        """
        candidates, digest = self.planned(wish)
        lock = self._speaking.setdefault(digest, asyncio.Lock())
        async with lock:
            known = await self.db.read(
                lambda tx: repository.find_speech(
                    tx, workspace_id, wish.agent.id, digest, self.clock.now()
                )
            )
            if known is not None:
                return known
            spoken = await self._by_any(workspace_id, wish, candidates)
            cost_ids = tuple(self.ids.new("use") for _ in spoken.costs)
            spoken = replace(spoken, cost_ids=cost_ids)
            await self.db.write(lambda tx: self._note(tx, workspace_id, wish, digest, spoken))
        return spoken

    async def wav(self, text: str) -> bytes:
        """
        Return a text as the slot's first provider speaks it, as a WAV; nothing of it is stored.

        Raises:
            Missing, NotSpoken: As of `spoken`.
        """
        connection = self.connections.for_agent(None, TTS.name)
        try:
            source = source_of(connection, AudioFormat.WAV)
            provider = await self.connections.opened(connection, TtsProvider)
            speech = Speech(text=text[: longest(connection)], format=source)
            pieces = Conversion(
                self._pieces(provider, speech, connection, []), source, AudioFormat.WAV
            ).pieces()
            async with aclosing(pieces):
                return b"".join([each async for each in pieces])
        except (ProviderError, CannotOpen, BadSound) as error:
            raise NotSpoken(f"'{connection.name}': {error}") from error

    async def _by_any(
        self, workspace_id: str, wish: Wish, candidates: Sequence[Connection]
    ) -> Spoken:
        """Ask one after the other; only what is the text's or the voice's own fault ends it."""
        failed: list[tuple[str, str]] = []
        waits_s: list[float] = []
        first: Connection | None = candidates[0]
        passed_over = self.connections.passed_over(wish.agent, candidates[0])
        if passed_over is not None:
            first = None
            failed.append((passed_over.name, passed_over.why))
        for connection in candidates:
            # A voice is one provider's: the others speak with their own.
            voice = wish.voice if connection is first else ""
            try:
                spoken = await self._by(workspace_id, wish, connection, voice)
            except Rejected as error:
                if len(candidates) == 1 or voice:
                    if not voice:
                        raise Invalid("text", str(error)) from error
                    listed = f"`trunkline providers voices {connection.name}` lists them"
                    raise Invalid("voice", f"{error} An operator's {listed}.") from error
                failed.append((connection.name, str(error)))
            except ProviderError as error:
                if isinstance(error, RetryLater):
                    waits_s.append(error.retry_after_s)
                failed.append((connection.name, str(error)))
            else:
                self._tell_switch(failed, connection)
                return spoken
        raise NotSpoken(
            " ".join(f"'{name}': {why}" for name, why in failed),
            retry_after_s=min(waits_s, default=None),
        )

    def _tell_switch(self, failed: Sequence[tuple[str, str]], after: Connection) -> None:
        for before, why in failed:
            self.metrics.failover(before=before, after=after.name)
            self.log.warning(
                "speech.switched_provider", before=before, after=after.name, reason=why[:300]
            )

    async def _by(
        self, workspace_id: str, wish: Wish, connection: Connection, voice: str
    ) -> Spoken:
        """Let one provider speak; whatever it raises comes out as an error of the SDK's."""
        route = await self.routes.later([connection])
        if isinstance(route, Later):
            raise RetryLater(route.why)
        try:
            spoken = await self._made(workspace_id, wish, connection, voice)
        except CannotOpen as error:
            cause = error.__cause__
            outcome = cause if isinstance(cause, ProviderError) else AuthFailed(str(error))
            route.note(outcome)
            raise outcome from error
        except ProviderError as error:
            route.note(error)
            raise
        except Unsupported as error:
            raise Rejected(str(error)) from error
        else:
            route.note(None)
        finally:
            route.leave()
            await self.routes.save()
        return spoken

    async def _made(
        self, workspace_id: str, wish: Wish, connection: Connection, voice: str
    ) -> Spoken:
        source = source_of(connection, wish.form)
        provider = await self.connections.opened(connection, TtsProvider)
        # It may have been suspended since: others may have been asked before, for long.
        await self.db.peek(lambda tx: check_active(tx, workspace_id, wish.agent.id))
        speech = Speech(text=wish.text, voice=voice or None, format=source)
        billed: list[Billed] = []
        pieces = self._pieces(provider, speech, connection, billed)
        sound = Conversion(pieces, source, wish.form)
        try:
            medium = await self.media.store(
                workspace_id,
                wish.agent.id,
                sound.pieces(),
                content_type=wish.form.content_type,
                name=None,
                duration_s=lambda: sound.duration_s,
            )
        except Exception as error:
            if billed:
                await self._charged(workspace_id, wish, cost_of(connection, wish.text, billed))
            if isinstance(error, BadSound):
                raise OutcomeUnknown(f"What it spoke cannot be heard: {error}") from error
            raise
        return Spoken(
            media=Media(url=medium.id, content_type=medium.content_type),
            duration_ms=medium.duration_ms or 0,
            connection=connection.name,
            costs=(cost_of(connection, wish.text, billed), *self._of_storage(medium)),
        )

    async def _charged(self, workspace_id: str, wish: Wish, cost: Cost) -> None:
        """Store what was charged for speech that no message has."""
        part = self._part(self.ids.new("use"), wish, cost)
        await self.db.write(lambda tx: self.usage.paid(tx, workspace_id, part))

    def _of_storage(self, medium: Medium) -> Iterator[Cost]:
        """Yield what keeping a medium until its time is over costs, if its storage has a price."""
        storage = self.connections.find(medium.connection or "", STORAGE.name)
        prices = storage.spec.prices if storage is not None else None
        if storage is None or prices is None or prices.storage_gigabyte_month_micros is None:
            return
        months = (medium.expires_at - medium.created_at) / _MONTH
        gigabytes = (medium.length or 0) / 1e9
        yield Cost(
            part="storage",
            connection=storage.name,
            provider=storage.spec.name,
            units=medium.length,
            cost_micros=math.ceil(prices.storage_gigabyte_month_micros * gigabytes * months),
            currency=prices.currency,
        )

    async def _pieces(
        self, provider: TtsProvider, speech: Speech, connection: Connection, billed: list[Billed]
    ) -> AsyncIterator[bytes]:
        """Yield what is spoken; an adapter that raises anything else, or hangs, has failed."""
        sounds = provider.synthesize(speech)
        try:
            while True:
                try:
                    async with asyncio.timeout(_PIECE_TIMEOUT_S):
                        sound = await anext(sounds)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise OutcomeUnknown("The provider fell silent.") from None
                except (ProviderError, Unsupported):
                    raise
                except Exception as error:
                    self.log.error(
                        "adapter.raised",
                        provider=connection.spec.name,
                        method="synthesize",
                        error_type=type(error).__name__,
                        exc_info=error,
                    )
                    raise OutcomeUnknown("The provider's adapter failed.") from error
                if sound.billed is not None:
                    billed.append(sound.billed)
                if sound.audio:
                    yield sound.audio
        finally:
            close = getattr(sounds, "aclose", None)
            if close is not None:
                await close()

    def _part(self, row_id: str, wish: Wish, cost: Cost) -> PartCost:
        return PartCost(
            row_id=row_id,
            agent_id=wish.agent.id,
            channel=wish.channel,
            part=cost.part,
            connection=cost.connection,
            provider=cost.provider,
            message_id=None,
            units=cost.units,
            cost_micros=cost.cost_micros,
            currency=cost.currency,
            cost_final=cost.cost_final,
            simulated=self.connections.is_simulated(wish.agent),
        )

    def _note(self, tx: Tx, workspace_id: str, wish: Wish, digest: bytes, spoken: Spoken) -> None:
        now = self.clock.now()
        for row_id, cost in zip(spoken.cost_ids, spoken.costs, strict=True):
            self.usage.paid(tx, workspace_id, self._part(row_id, wish, cost))
        repository.forget_speeches(tx, workspace_id, now)
        if self.reuse_for:
            repository.put_speech(
                tx,
                workspace_id,
                self.ids.new("row"),
                wish.agent.id,
                digest,
                spoken,
                now=now,
                expires_at=now + self.reuse_for,
            )
