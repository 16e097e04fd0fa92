"""What every adapter that recognises speech must do, whoever wrote it."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import httpx2
import pytest
from pydantic import BaseModel, SecretStr

from trunkline.sdk import (
    STT,
    AudioFormat,
    AuthFailed,
    Capability,
    OutcomeUnknown,
    ProviderError,
    ProviderSpec,
    Recording,
    Rejected,
    RetryLater,
    SttProvider,
    Transcript,
    Unsupported,
)
from trunkline.testing.contents import Json, replaced
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.listening import BaseListeningConformance
from trunkline.testing.live import SOUND
from trunkline.testing.providers import DROPS, UNREADABLE, Attempt, causes_of
from trunkline.testing.streams import PHRASES, REFUSALS
from trunkline.testing.suite import longest_stall_s
from trunkline.testing.wire import Canned, Wire

_REFUSALS: Final[Mapping[str, type[ProviderError]]] = {**REFUSALS, "unreadable": Rejected}
_LOST: Final[Mapping[str, type[ProviderError]]] = {
    "dropped_before": RetryLater,
    "dropped_after": OutcomeUnknown,
}
_NO_TEXT: Final[Mapping[str, Json]] = {"null": None, "list": [], "object": {}, "number": 7}
_LONGEST_STALL_S: Final = 0.1


class BaseSttConformance(BaseListeningConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    A test of a capability that the spec does not declare is skipped. The recordings are made up,
    as the answers are canned: override `sound` where the adapter itself recognises them.

    Attributes:
        spec, config, known_gaps, over_http: As in `BaseProviderConformance`.
        answers: What the vendor answers to a recording, by a name: ``transcribed``,
            ``nothing_said`` (sound without words), ``unreadable`` (what is no sound),
            ``rate_limited``, ``bad_credentials``, ``out_of_credit`` and ``server_error``, and under
            names of yours whatever else it refuses with an error of its own. To `verify`, if you
            have one: ``account``. A live stream is refused with the same.
        means: What the answers mean, by the same names: a `Transcript`, the error with its
            `provider_code`, the `Account`; of each of `live` a list of `Recognised`.
        formats: Of which formats it reads recordings.
        sends_as: The vendor's names of the fields (or headers) of a request, each with what of the
            recording it holds: ``language`` or ``phrases``.
        left_out: What the vendor has no place for or never tells, each with the reason:
            ``language``, ``phrases``, ``duration``, ``pieces`` (it takes the sound whole only), or
            one of `answers`.
        live, ends_sound, silence_s, live_formats, hears_as: See `BaseStreamConformance`.
    """

    spec: ClassVar[ProviderSpec[SttProvider, Any]]
    kind = STT.name
    formats: ClassVar[Sequence[AudioFormat]] = tuple(AudioFormat)
    sends_as: ClassVar[Mapping[str, str]] = {}

    # --- what an author may override --------------------------------------------------------------

    def sound(self, scenario: str, audio_format: AudioFormat) -> Sequence[bytes]:
        """Return the pieces of the recording that is asked about in a scenario."""
        return SOUND

    def sound_of(self, request: httpx2.Request) -> bytes:
        """Return the sound in a request."""
        return request.content

    # --- what the tests are made of ---------------------------------------------------------------

    def recording(self, scenario: str = "transcribed", **given: Any) -> Recording:
        """Return a recording as the hub hands one over."""
        audio_format = given.pop("format", self.formats[0])
        pieces = _Pieces(self.sound(scenario, audio_format))
        return Recording(audio=pieces.read(), format=audio_format, **given)

    def heard(self, answer: Any, scenario: str = "transcribed", **given: Any) -> Attempt:
        """Ask once what is said in a recording, of a vendor that gives `answer`."""
        self.needs(Capability.STT_FILE)
        recording = self.recording(scenario, **given)  # an author may need a loop for it
        return self.asked(answer, lambda each: each.transcribe(recording))

    def asked_of(self, answer: Canned, config: BaseModel | None = None, **given: Any) -> Any:
        """Return the one request about a recording."""
        self.needs(Capability.STT_FILE)
        self.needs_http()
        recording = self.recording(**given)
        attempt = self.asked(answer, lambda each: each.transcribe(recording), config)
        (request,) = attempt.wire.requests
        return request

    def private(self) -> list[str]:
        """Return what is said, and what was likely to be."""
        said = [each.text for each in self.means.values() if isinstance(each, Transcript)]
        return [*filter(None, said), *PHRASES]

    # --- recordings -------------------------------------------------------------------------------

    def test_what_is_said_in_a_recording_is_told(self) -> None:
        outcome = self.heard(self.answer("transcribed")).outcome

        assert isinstance(outcome, Transcript)
        assert outcome == self.meaning("transcribed")
        assert outcome.text
        assert outcome.confidence is None or 0 <= outcome.confidence <= 1

    def test_how_long_a_recording_is_and_what_was_charged_is_told(self) -> None:
        self.needs_place("duration")

        outcome = self.heard(self.answer("transcribed")).outcome

        assert isinstance(outcome, Transcript)
        assert outcome.duration_s is not None
        assert outcome.duration_s > 0
        if self.over_http:
            assert outcome.billed is not None
            assert outcome.billed.units is not None
            assert outcome.billed.units >= math.floor(outcome.duration_s)

    def test_a_recording_in_which_nothing_is_said_is_an_empty_transcript(self) -> None:
        outcome = self.heard(self.answer("nothing_said"), "nothing_said").outcome

        assert isinstance(outcome, Transcript)
        assert outcome == self.meaning("nothing_said")
        assert outcome.text == ""

    @pytest.mark.parametrize("audio_format", AudioFormat)
    def test_a_recording_reaches_the_vendor_whole(self, audio_format: AudioFormat) -> None:
        self.needs(Capability.STT_FILE)
        attempt = self.heard(self.answer("transcribed"), format=audio_format)
        if audio_format not in self.formats:
            assert isinstance(attempt.outcome, Rejected | Unsupported)
            assert not attempt.wire.requests, "refuse it before the wire"
            return

        assert attempt.outcome == self.meaning("transcribed")
        if self.over_http:
            (request,) = attempt.wire.requests
            assert self.sound_of(request) == b"".join(self.sound("transcribed", audio_format))

    def test_the_vendor_can_tell_the_formats_apart(self) -> None:
        forms = []
        for each in self.formats:
            request = self.asked_of(self.canned("transcribed"), format=each)
            forms.append((str(request.url), request.headers.get("content-type")))

        assert all(forms.count(each) == 1 for each in forms)

    def test_a_recording_is_passed_on_as_it_comes(self) -> None:
        self.needs(Capability.STT_FILE)
        self.needs_http()
        self.needs_place("pieces")
        pieces, wire = _Pieces(self.sound("transcribed", self.formats[0])), _Piecewise()
        wire.answer, wire.pieces = self.canned("transcribed"), pieces
        recording = replace(self.recording(), audio=pieces.read())

        async def ask() -> Transcript:
            async with self.opened(wire, RecordingLog()) as provider:
                told: Transcript = await provider.transcribe(recording)
                return told

        assert asyncio.run(ask()) == self.meaning("transcribed")
        assert wire.asked_at_first < len(pieces.pieces), "it was held whole before it was sent"

    def test_a_recording_that_breaks_off_at_its_source_has_no_transcript(self) -> None:
        self.needs(Capability.STT_FILE)
        pieces = _Pieces(self.sound("transcribed", self.formats[0]), breaks=True)
        recording = replace(self.recording(), audio=pieces.read())

        attempt = self.asked(self.answer("transcribed"), lambda each: each.transcribe(recording))

        assert isinstance(attempt.outcome, Exception)
        assert not isinstance(attempt.outcome, Rejected), "it may be there the next time"

    @pytest.mark.parametrize("given", [True, False])
    def test_the_language_and_the_phrases_reach_the_vendor(self, given: bool) -> None:
        said: dict[str, Any] = {"language": "de-AT", "phrases": PHRASES} if given else {}
        request = self.asked_of(self.canned("transcribed"), **said)

        for name, wanted in (("language", ["de-AT"]), ("phrases", [*PHRASES])):
            if name in self.left_out:
                continue
            fields = {field for field, what in self.sends_as.items() if what == name}
            assert fields, f"say in `sends_as` which field holds the {name}"
            held = [value for path, value in self.fields(request) if fields & set(path)]
            assert held == (wanted if given else []) or (name == "language" and not given)
            assert not {"", "None", "null"}.intersection(map(str, held))

    # --- refusals ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("scenario", _REFUSALS)
    def test_a_refusal_becomes_the_error_that_says_what_to_do(self, scenario: str) -> None:
        self.needs(Capability.STT_FILE)
        if scenario != "unreadable":
            self.needs_http()
        self.needs_place(scenario)

        outcome = self.heard(self.answer(scenario), scenario).outcome

        assert isinstance(outcome, _REFUSALS[scenario])

    def test_a_refusal_passes_on_the_code_that_the_vendor_gave(self) -> None:
        self.needs(Capability.STT_FILE)
        self.needs_http()
        self.meaning("unreadable")
        for name, meaning in self.means.items():
            if not isinstance(meaning, ProviderError) or name not in self.answers:
                continue

            outcome = self.heard(self.answer(name)).outcome

            assert isinstance(outcome, ProviderError)
            shown = (type(meaning), meaning.provider_code)
            assert (type(outcome), outcome.provider_code) == shown, name

    @pytest.mark.parametrize("wait", ["17", "soon", "-5", "nan", "", None])
    def test_a_rate_limit_tells_how_long_to_wait(self, wait: str | None) -> None:
        self.needs(Capability.STT_FILE)
        self.needs_place("rate_limited")
        headers = {} if wait is None else {"retry-after": wait}

        outcome = self.heard(replace(self.canned("rate_limited"), headers=headers)).outcome

        assert isinstance(outcome, RetryLater)
        assert math.isfinite(outcome.retry_after_s)
        assert outcome.retry_after_s == 17 if wait == "17" else outcome.retry_after_s >= 0

    @pytest.mark.parametrize("drop", _LOST)
    def test_only_what_was_surely_not_sent_may_be_asked_again_for_nothing(self, drop: str) -> None:
        self.needs_http()

        assert isinstance(self.heard(DROPS[drop]).outcome, _LOST[drop])

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_an_answer_that_cannot_be_read_is_no_empty_transcript(self, body: bytes) -> None:
        garbled = replace(self.canned("transcribed"), json=None, content=body)

        assert isinstance(self.heard(garbled).outcome, OutcomeUnknown)

    @pytest.mark.parametrize("value", _NO_TEXT)
    def test_an_answer_without_its_text_is_no_empty_transcript(self, value: str) -> None:
        canned, said = self.canned("transcribed"), self.meaning("transcribed").text
        json = replaced(canned.json, said, _NO_TEXT[value])  # type: ignore[arg-type]
        if json == canned.json:
            pytest.skip("its text does not stand in the answer as it is")

        assert isinstance(self.heard(replace(canned, json=json)).outcome, OutcomeUnknown)

    def test_an_answer_that_cannot_be_read_is_quoted_nowhere(self) -> None:
        canned, said = self.canned("transcribed"), self.meaning("transcribed").text
        json = replaced(canned.json, said, [said, {"said": said}])  # type: ignore[arg-type]

        attempt = self.heard(replace(canned, json=json))

        told = f"{causes_of(attempt.outcome)} {attempt.log.events}"
        beginning = said[:12]  # pydantic shows no more than that of a long value
        assert json == canned.json or beginning not in told, "an error holds what was said"

    @pytest.mark.parametrize("scenario", _REFUSALS)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_refusal_that_cannot_be_read_is_still_the_providers(
        self, scenario: str, body: bytes
    ) -> None:
        self.needs_place(scenario)

        attempt = self.heard(replace(self.canned(scenario), json=None, content=body))

        assert isinstance(attempt.outcome, ProviderError)
        assert not self.tells(attempt)

    # --- in every case ----------------------------------------------------------------------------

    @pytest.mark.parametrize("scenario", ["transcribed", "nothing_said", *_REFUSALS, *_LOST])
    def test_one_recording_is_one_request_of_which_nothing_private_is_told(
        self, scenario: str
    ) -> None:
        if scenario not in {"transcribed", "nothing_said"}:
            self.needs_http()
        self.needs_place(scenario)

        attempt = self.heard(self.answer(scenario), scenario, phrases=PHRASES)

        tried = len(attempt.wire.requests)
        assert tried == (1 if self.over_http else 0), "retrying is the hub's work"
        assert not self.tells(attempt)

    def test_credentials_stand_in_no_url_and_count_to_their_last_letter(self) -> None:
        config, request = self.valid_config(), self.asked_of(self.canned("transcribed"))
        assert self.secrets(), "declare credentials as SecretStr"
        assert not [secret for secret in self.secrets() if secret in str(request.url)]

        for field, value in dict(config).items():
            if isinstance(value, SecretStr):
                text = value.get_secret_value()
                other = SecretStr(text[:-1] + chr(ord(text[-1]) ^ 1))
                changed = config.model_copy(update={field: other})
                again = self.asked_of(self.canned("transcribed"), changed)
                assert again.headers != request.headers, f"{field} makes no difference"

    def test_verifying_tells_of_the_account_and_recognises_nothing(self) -> None:
        self.needs_http()
        if "account" not in self.answers:
            pytest.skip(f"{self.spec.name} verifies no account")

        attempt = self.asked(self.answers["account"], lambda each: each.verify())

        assert attempt.outcome == self.meaning("account")
        assert {request.method for request in attempt.wire.requests} == {"GET"}
        refused = self.asked(self.answer("bad_credentials"), lambda each: each.verify())
        assert isinstance(refused.outcome, AuthFailed)

    def test_recognising_never_blocks_the_event_loop(self) -> None:
        self.needs(Capability.STT_FILE)

        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        recordings = [(self.recording(), self.recording()) for _ in range(3)]
        stall_s = min(asyncio.run(self._longest_stall_s(*each)) for each in recordings)

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    async def _longest_stall_s(self, first: Recording, second: Recording) -> float:
        wire = self.wire(self.answer("transcribed"))
        async with self.opened(wire, RecordingLog()) as provider:
            await provider.transcribe(first)  # which may import and warm up
            return await longest_stall_s(provider.transcribe(second))


@dataclass(slots=True)
class _Pieces:
    """A recording in pieces, and how many of them were asked for."""

    pieces: Sequence[bytes]
    breaks: bool = False
    asked: int = 0

    async def read(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.asked += 1
            yield piece
        if self.breaks:
            raise OSError("the store is gone")


class _Piecewise(Wire):
    """Reads a request as it comes, and notes how much of the recording was read by then."""

    pieces: _Pieces

    def __init__(self) -> None:
        super().__init__(Canned(status=500))
        self.asked_at_first = 0

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=_Transport(self))


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, wire: _Piecewise) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        async for _ in request.stream:
            self._wire.asked_at_first = self._wire.asked_at_first or self._wire.pieces.asked
        assert isinstance(self._wire.answer, Canned)
        return httpx2.Response(self._wire.answer.status, json=self._wire.answer.json)
