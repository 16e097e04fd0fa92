"""The hub's suite of speech, filled in for Edge's voices and spoken over a WebSocket."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from pydantic import BaseModel

from plugins.edgetts.tests.double import EMMA, KATJA, LIAONING, MP3, Answer, Double
from trunkline.sdk import Account, AudioFormat, Billed, Rejected, RetryLater, Voice
from trunkline.testing import (
    AnyFlow,
    AnyWire,
    BaseTtsConformance,
    Ending,
    RecordingLog,
    Wire,
    provider_context,
)
from trunkline.testing.providers import Attempt
from trunkline_edgetts.plugin import EDGETTS


class EdgeTtsSuite(BaseTtsConformance):
    spec = EDGETTS
    config: ClassVar[Mapping[str, object]] = {}
    over_http = False
    voice = EMMA
    other_voice = KATJA
    asks_as: ClassVar = {AudioFormat.MP3: "audio-24khz-48kbitrate-mono-mp3"}
    answers: ClassVar = {
        "mp3": Answer(),
        "rate_limited": Answer(status=429),
        "unknown_voice": Answer(sound=b"", speakers=[]),
        "server_error": Answer(status=503),
        "changed_handshake": Answer(status=403),
        "voices": Answer(),
        "account": Answer(),
    }
    means: ClassVar = {
        "rate_limited": RetryLater("", provider_code="429"),
        "changed_handshake": RetryLater("", provider_code="403"),
        "unknown_voice": Rejected(""),
        "billed": Billed(cost_micros=0, currency="USD"),
        "voices": [
            Voice(id=EMMA, name=f"Microsoft {EMMA}"),
            Voice(id=KATJA, name=f"Microsoft {KATJA}", languages=("de-DE",)),
            Voice(id=LIAONING, name=f"Microsoft {LIAONING}", languages=("zh-CN-liaoning",)),
        ],
        "account": Account(),
    }
    left_out: ClassVar = {
        "bad_credentials": "there is no account",
        "out_of_credit": "there is no account",
    }

    def wire(self, answer: Any) -> AnyWire:
        return Double(answer)

    def flow(self, answer: Any, ending: Ending) -> AnyFlow:
        return Double(answer, ending)

    def sound(self, _: AudioFormat) -> bytes:
        return MP3

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, Double)
        settings: Any = config or self.valid_config()
        async with (
            wire.serving(),
            Wire(()).client() as http,
            self.spec.open(settings, provider_context(http, log=log)) as provider,
        ):
            yield provider

    def reached(self, attempt: Attempt) -> str:
        return " ".join(each["text"] for each in attempt.wire.requests)

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        return [((name,), value) for name, value in request.items()]
