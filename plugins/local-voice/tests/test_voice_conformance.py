"""The hub's suites of speech and of recognition, on stand-ins for the programs of this machine."""

import json
import os
import sys
import tempfile
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from trunkline.sdk import AudioFormat, Billed, OutcomeUnknown, Rejected, Transcript, Voice
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseSttConformance,
    BaseTtsConformance,
    Drop,
    Ending,
    RecordingLog,
)
from trunkline.testing.providers import Attempt
from trunkline.testing.sounds import sound_of
from trunkline_local_voice.config import EngineName
from trunkline_local_voice.engines import Engine
from trunkline_local_voice.plugin import RECOGNITION, SPEECH
from trunkline_local_voice.recogniser import LocalRecogniser
from trunkline_local_voice.speech import LocalSpeech

HERE: Final = Path(__file__).parent
VOICES: Final = (
    ("en-gb", "English_(Great_Britain)"),
    ("de", "German"),
    ("en-us", "English_(America)"),
)
WAV: Final = sound_of(AudioFormat.WAV, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What an engine does: gives a sound, or ends with a code; the voices that it has."""

    sound: bytes = WAV
    code: int = 0
    voices: tuple[tuple[str, str], ...] = VOICES


class EngineDouble:
    """One engine, a process for each text, and what it was asked to speak."""

    def __init__(self, answer: Spoken | Drop, ending: Ending = Ending.WHOLE) -> None:
        self._held = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        weakref.finalize(self, self._held.cleanup)
        self._folder = Path(self._held.name)
        self._is_there = answer is not DROP_BEFORE
        told = answer if isinstance(answer, Spoken) else Spoken(code=answer is DROP_AFTER)
        stops = {Ending.WHOLE: "", Ending.HELD: "half", Ending.CUT: "cut"}[ending]
        (self._folder / "sound").write_bytes(told.sound)
        (self._folder / "answer.json").write_text(
            json.dumps({"code": told.code, "stops": stops, "voices": told.voices})
        )

    def engine(self) -> Engine:
        """Return it as the adapter finds it."""
        python = sys.executable if self._is_there else str(self._folder / "absent")
        double = str(HERE / "engine_double.py")
        return Engine(name=EngineName.ESPEAK, command=(python, "-I", double, str(self._folder)))

    @property
    def requests(self) -> list[Any]:
        """Each call that spoke: its arguments, then the text."""
        return [json.loads(each.read_text()) for each in sorted(self._folder.glob("*.call"))]

    @property
    def answering(self) -> int:
        """How many of its processes there are."""
        pids = [int(each.stem) for each in self._folder.glob("*.pid")]
        return sum(_is_alive(pid) for pid in pids)

    def go_on(self) -> None:
        """Give the rest of what was held back."""
        (self._folder / "go").touch()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a recogniser does: ends with a code, and what it writes."""

    code: int = 0
    output: str = ""


@dataclass(slots=True)
class RecogniserDouble:
    """One recogniser."""

    answer: Said
    requests: list[Any] = field(default_factory=list)

    def command(self) -> list[str]:
        """Return its command."""
        double, said = str(HERE / "recogniser_double.py"), self.answer
        return [sys.executable, "-I", double, str(said.code), said.output]


FREE: Final = Billed(cost_micros=0, currency="USD")
NO_ACCOUNT: Final = {
    "rate_limited": "it is this machine",
    "bad_credentials": "there is no account",
    "out_of_credit": "there is no account",
}


class TestLocalSpeech(BaseTtsConformance):
    spec = SPEECH
    config: ClassVar[Mapping[str, object]] = {}
    over_http = False
    voice = "en-gb"
    other_voice = "de"
    provider: ClassVar[type[LocalSpeech]] = LocalSpeech
    answers: ClassVar = {
        "wav": Spoken(),
        "unknown_voice": Spoken(voices=(("fr", "French"),)),
        "server_error": Spoken(code=4),
        "voices": Spoken(),
    }
    means: ClassVar = {
        "unknown_voice": Rejected("", provider_code="no_voice"),
        "server_error": OutcomeUnknown("", provider_code="4"),
        "voices": [
            Voice(id=tag, name=name.replace("_", " "), languages=(tag,)) for tag, name in VOICES
        ],
        "billed": FREE,
    }
    left_out: ClassVar = NO_ACCOUNT

    def wire(self, answer: Any) -> Any:
        return EngineDouble(answer)

    def flow(self, answer: Any, ending: Ending) -> Any:
        return EngineDouble(answer, ending)

    def sound(self, _: AudioFormat) -> bytes:
        return WAV

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        double: Any = wire
        yield self.provider([double.engine()], None)

    def reaches(self, value: str, request: Any) -> bool:
        return value in request[:-1]

    def reached(self, attempt: Attempt) -> str:
        return " ".join(each[-1] for each in attempt.wire.requests)


def heard(text: str) -> Said:
    """Return how the recogniser says what it heard."""
    return Said(output=json.dumps({"text": text, "duration_s": 1.5}))


class TestLocalRecogniser(BaseSttConformance):
    spec = RECOGNITION
    config: ClassVar[Mapping[str, object]] = {}
    over_http = False
    provider: ClassVar[type[LocalRecogniser]] = LocalRecogniser
    answers: ClassVar = {
        "transcribed": heard("please call me back"),
        "nothing_said": heard(""),
        "unreadable": Said(code=2),
        "server_error": Said(code=1),
    }
    means: ClassVar = {
        "transcribed": Transcript(text="please call me back", duration_s=1.5, billed=FREE),
        "nothing_said": Transcript(text="", duration_s=1.5, billed=FREE),
        "unreadable": Rejected("", provider_code="unreadable"),
    }
    left_out: ClassVar = NO_ACCOUNT

    def wire(self, answer: Any) -> AnyWire:
        return RecogniserDouble(answer)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, RecogniserDouble)
        yield self.provider(wire.command())
