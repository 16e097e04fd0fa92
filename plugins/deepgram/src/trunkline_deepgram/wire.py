"""What Deepgram's answers hold, as far as they are read."""

from typing import Annotated, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trunkline.sdk import OutcomeUnknown
from trunkline_deepgram.errors import refusal

R = TypeVar("R", bound="Read")
Confidence = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Read(BaseModel):
    # No error may quote what Deepgram sent: it is what somebody said.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Alternative(Read):
    transcript: str
    confidence: Confidence | None = None


class Channel(Read):
    alternatives: tuple[Alternative, ...] = Field(min_length=1)
    detected_language: str | None = None

    @property
    def best(self) -> Alternative:
        """What was most likely said."""
        return self.alternatives[0]


class Metadata(Read):
    duration: Seconds


class Channels(Read):
    channels: tuple[Channel, ...] = Field(min_length=1)


class Transcribed(Read):
    metadata: Metadata
    results: Channels


class Kind(Read):
    """A frame of a live stream."""

    type: str


class Results(Read):
    """A stretch."""

    start: Seconds
    duration: Seconds
    is_final: bool = False
    speech_final: bool = False
    channel: Channel


class UtteranceEnd(Read):
    """Nobody has spoken for a while."""

    last_word_end: Seconds


class Project(Read):
    project_id: str = Field(min_length=1)
    name: str | None = None


class Projects(Read):
    projects: tuple[Project, ...]


class Balance(Read):
    amount: float = Field(allow_inf_nan=False)
    units: str = ""


class Balances(Read):
    balances: tuple[Balance, ...]


def read(model: type[R], response: httpx2.Response) -> R:
    """Return what is in an answer, or raise what the answer means to the hub."""
    if not response.is_success:
        raise refusal(response.status_code, response.headers, response.content)
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise OutcomeUnknown("Deepgram's answer cannot be read.") from error
