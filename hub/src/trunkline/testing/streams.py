"""What an adapter must tell of live speech, whoever wrote it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import BaseModel

from trunkline.sdk import (
    AudioFormat,
    AuthFailed,
    Capability,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Recognised,
    Rejected,
    RetryLater,
    Unsupported,
)
from trunkline.testing.contents import Leaf, decoded, leaves
from trunkline.testing.fakes import FakeClock, RecordingLog, provider_context
from trunkline.testing.live import (
    LONGEST_S,
    SOUND,
    Frame,
    Listened,
    Live,
    LiveWire,
    Reader,
    Source,
    Stream,
    read_all,
    value_of,
)
from trunkline.testing.providers import Attempt, BaseProviderConformance
from trunkline.testing.wire import Canned, Wire

PHRASES: Final = ("Dr. Müller & Söhne", "a=b+c;d,e", "100 %")
REFUSALS: Final[Mapping[str, type[ProviderError]]] = {
    "rate_limited": RetryLater,
    "bad_credentials": AuthFailed,
    "out_of_credit": OutOfCredit,
    "server_error": OutcomeUnknown,
}
_STRANGE: Final[Sequence[Frame]] = (
    '{"type": "SomethingNew", "transcript": "never said", "is_final": true}',
    "{}", "[]", "null", '"ok"', "17", "not JSON", "", b"", b"\x00\xff",
)  # fmt: skip


class BaseStreamConformance(BaseProviderConformance):
    """
    The part of `BaseSttConformance` about what is recognised while it is said.

    Its vendor is a WebSocket on this machine; it needs the package ``websockets``.

    Attributes:
        live: What the vendor says on a stream, by a name: ``heard``, with a stretch that is told
            in the interim before it is final, and whatever else of yours.
        means: Of each of `live` the list of `Recognised`.
        ends_sound: The frame by which the adapter tells the vendor that the sound has ended.
        silence_s: After how many seconds without a frame the vendor breaks off; None if never. Its
            time is the context's clock.
        live_formats: Of which formats it takes live sound.
        hears_as: The vendor's names of the fields, of the query, a header or a frame, that hold the
            ``language`` and the ``phrases`` of a stream.
    """

    live: ClassVar[Mapping[str, Live]] = {}
    ends_sound: ClassVar[Frame] = ""
    silence_s: ClassVar[float | None] = None
    live_formats: ClassVar[Sequence[AudioFormat]] = (AudioFormat.MULAW_8000, AudioFormat.PCM_16000)
    hears_as: ClassVar[Mapping[str, str]] = {}

    # --- what an author may override --------------------------------------------------------------

    def config_at(self, url: str) -> BaseModel:
        """Return `config` for a vendor who is at ``http://HOST:PORT``."""
        config: BaseModel = self.spec.config.model_validate({**self.config, "base_url": url})
        return config

    def sound_in(self, frame: Frame) -> bytes | None:
        """Return the sound in a frame, or None where it holds none."""
        return frame if isinstance(frame, bytes) else None

    # --- what the tests are made of ---------------------------------------------------------------

    def script(self, name: str = "heard") -> Live:
        """Return what the vendor says on a stream."""
        self.needs(Capability.STT_LIVE)
        self.needs_http()
        assert name in self.live, f"`live` lacks {name}"
        return self.live[name]

    @asynccontextmanager
    async def connectable(
        self, wire: LiveWire, log: RecordingLog, clock: FakeClock | None = None
    ) -> AsyncIterator[Any]:
        """Open the provider for a vendor that is up."""
        async with (
            Wire(Canned(status=500)).client() as http,
            self.spec.open(
                self.config_at(wire.url),
                provider_context(http, log=log, clock=clock or FakeClock()),
            ) as provider,
        ):
            yield provider

    def live_wire(self, script: Live | Canned) -> LiveWire:
        """Return a vendor who plays a script."""
        return LiveWire(
            script=script,
            is_sound=lambda frame: self.sound_in(frame) is not None,
            is_end=lambda frame: value_of(frame) == value_of(self.ends_sound),
        )

    def listened(
        self,
        script: Live | Canned,
        *,
        before: Mapping[int, Callable[[Listened], Awaitable[object]]] | None = None,
        reader: Reader = read_all,
        audio_format: AudioFormat | None = None,
        **options: Any,
    ) -> Listened:
        """
        Return what came of listening to the made-up sound.

        Args:
            before: Of the `Source`.
            options: Of `listen`.
        """
        heard = Listened(wire=self.live_wire(script), source=Source(SOUND, before or {}))
        form = audio_format or self.live_formats[0]

        async def listen() -> None:
            async with (
                heard.wire.up(),
                self.connectable(heard.wire, heard.log, heard.clock) as provider,
            ):
                stream = provider.listen(heard.source.read(heard), form, **options)
                try:
                    async with asyncio.timeout(LONGEST_S):
                        await reader(stream, heard)
                except Exception as error:  # noqa: BLE001 - the tests judge what it is
                    heard.error = error
                if heard.wire.frames:
                    async with asyncio.timeout(LONGEST_S):
                        await heard.wire.closed.wait()

        asyncio.run(listen())
        assert not isinstance(heard.error, TimeoutError), "it goes on and on"
        return heard

    def private_of(self, heard: "Listened") -> list[str]:
        """Return what an error or the log holds of a stream and must not."""
        attempt = Attempt(outcome=heard.error, wire=Wire(Canned(status=500)), log=heard.log)
        said = [each.text for name in self.live for each in self.meaning(name) if each.text]
        told = f"{heard.error} {heard.error!r} {heard.log.events}"
        return [*self.tells(attempt), *(text for text in said if text in told)]

    def leaves_of_stream(self, heard: "Listened") -> Sequence[Leaf]:
        """Return what stands in the request to connect and in the frames of text."""
        (request,) = heard.wire.requests
        found: list[Leaf] = [
            ((name.lower(),), value) for name, value in request.headers.raw_items()
        ]
        query = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        found += [((name,), value) for name, value in query]
        for frame in heard.wire.frames:
            if isinstance(frame, str):
                found += leaves(decoded(frame.encode()))
        return found

    # --- what is told -----------------------------------------------------------------------------

    def test_what_is_said_is_told_as_the_vendor_tells_it(self) -> None:
        for name in self.live or ("heard",):
            heard = self.listened(self.script(name))

            assert heard.error is None
            assert heard.told == self.meaning(name)
            assert len(heard.wire.requests) == 1
            assert not self.private_of(heard)

    def test_what_was_told_in_the_interim_becomes_final(self) -> None:
        self.script()
        told: Sequence[Recognised] = self.meaning("heard")

        interim = [(at, each) for at, each in enumerate(told) if not each.is_final]
        assert interim, "`live` shows nothing in the interim"
        for at, each in interim:
            later = [one for one in told[at + 1 :] if one.is_final and one.start_s == each.start_s]
            assert later, f"what was said at {each.start_s} s never becomes final"
        assert any(each.ends_turn for each in told), "`live` shows no end of a turn"

    @pytest.mark.parametrize("audio_format", AudioFormat)
    def test_the_sound_reaches_the_vendor_whole_and_then_its_end(
        self, audio_format: AudioFormat
    ) -> None:
        heard = self.listened(self.script(), audio_format=audio_format)
        if audio_format not in self.live_formats:
            assert isinstance(heard.error, Rejected | Unsupported)
            assert not heard.wire.requests, "refuse it before the wire"
            return

        sound = [self.sound_in(frame) for frame in heard.wire.frames]
        assert b"".join(each for each in sound if each) == b"".join(SOUND)
        ends = [value_of(frame) == value_of(self.ends_sound) for frame in heard.wire.frames]
        assert ends.count(True) == 1
        assert not [each for each in sound[ends.index(True) :] if each], "sound after its end"

    def test_formats_are_told_apart(self) -> None:
        forms = []
        for each in self.live_formats:
            heard = self.listened(self.script(), audio_format=each)
            told = self.leaves_of_stream(heard)
            forms.append([leaf for leaf in told if leaf[0][0] not in {"host", "sec-websocket-key"}])

        assert all(forms.count(each) == 1 for each in forms)

    def test_what_is_said_is_told_while_it_is_said(self) -> None:
        told = asyncio.Event()

        async def reader(stream: Stream, heard: Listened) -> None:
            async for each in stream:
                heard.told.append(each)
                told.set()

        heard = self.listened(
            self.script(), before={len(SOUND): lambda _: told.wait()}, reader=reader
        )

        assert heard.error is None
        assert heard.told == self.meaning("heard")

    def test_sound_is_not_asked_for_before_somebody_reads(self) -> None:
        async def reader(stream: Stream, heard: Listened) -> None:
            await asyncio.sleep(0)
            assert not heard.source.asked
            assert not heard.wire.requests
            await stream.aclose()

        assert self.listened(self.script(), reader=reader).error is None

    def test_frames_that_the_adapter_does_not_know_are_passed_over(self) -> None:
        script = self.script()
        says = [frame for each in script.says for frame in (*_STRANGE, each)]
        ends = [frame for each in script.ends for frame in (each, *_STRANGE)]

        heard = self.listened(replace(script, says=says, ends=ends))

        assert heard.error is None
        assert heard.told == self.meaning("heard")
        assert not [text for text in ("never said", "not JSON") if text in str(heard.log.events)]

    @pytest.mark.parametrize("given", [True, False])
    def test_the_language_and_the_phrases_of_a_stream_reach_the_vendor(self, given: bool) -> None:
        options: dict[str, Any] = {"language": "de-AT", "phrases": PHRASES} if given else {}
        heard = self.listened(self.script(), **options)

        for name, wanted in (("language", ["de-AT"]), ("phrases", [*PHRASES])):
            if name in self.left_out:
                continue
            fields = {field for field, what in self.hears_as.items() if what == name}
            assert fields, f"say in `hears_as` which field holds the {name}"
            held = [value for path, value in self.leaves_of_stream(heard) if fields & set(path)]
            if given:
                assert held == wanted
            assert not {"", "None", "null"}.intersection(map(str, held))
