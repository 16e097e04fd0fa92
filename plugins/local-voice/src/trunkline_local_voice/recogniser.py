"""Recognition: a recording into a program, what is said in it out."""

import json
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from trunkline.sdk import (
    OutcomeUnknown,
    Recording,
    Rejected,
    SttProvider,
    Transcript,
)
from trunkline_local_voice.child import python, running
from trunkline_local_voice.speech import FREE

MOST_BYTES: Final = 20_000_000
"""Ten minutes of 16-bit samples at 16 kHz."""

PROGRAM: Final = tuple(python("pocketsphinx_child.py"))
_UNREADABLE: Final = "2"


class _Heard(BaseModel):
    """What the program writes."""

    text: str
    duration_s: float = Field(ge=0, allow_inf_nan=False)


class LocalRecogniser(SttProvider):
    """Recognises English with pocketsphinx, well where it knows the phrases; a process for each."""

    def __init__(self, program: Sequence[str]) -> None:
        self._program = program

    async def transcribe(self, recording: Recording) -> Transcript:
        if recording.language and recording.language.lower().partition("-")[0] != "en":
            raise Rejected("The local recogniser knows English alone.", provider_code="language")
        asked = {"format": recording.format, "phrases": recording.phrases}
        given = bytearray(json.dumps(asked).encode() + b"\n")
        async for piece in recording.audio:
            given += piece
            if len(given) > MOST_BYTES:
                raise Rejected(
                    f"The local recogniser takes {MOST_BYTES} bytes.", provider_code="too_large"
                )
        try:
            async with running(self._program, bytes(given)) as child:
                said = b"".join([piece async for piece in child.pieces()])
            heard = _Heard.model_validate_json(said)
        except OutcomeUnknown as error:
            if error.provider_code != _UNREADABLE:
                raise
            raise Rejected(
                "The local recogniser cannot read this sound.", provider_code="unreadable"
            ) from None
        except ValidationError:  # not passed on: it quotes what was said
            raise OutcomeUnknown("The local recogniser gave no usable answer.") from None
        return Transcript(text=heard.text, duration_s=heard.duration_s, billed=FREE)
