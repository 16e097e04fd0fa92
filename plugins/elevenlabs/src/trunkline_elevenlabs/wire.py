"""What ElevenLabs' JSON holds, as far as it is read, and its words for formats."""

from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from trunkline.sdk import AudioFormat

FORMATS: Final = {
    AudioFormat.MULAW_8000: "ulaw_8000",
    AudioFormat.PCM_16000: "pcm_16000",
    AudioFormat.MP3: "mp3_44100_128",
    AudioFormat.OGG_OPUS: "opus_48000_64",
}
"""From the OpenAPI file of August 2025, by which none of these wants a larger plan."""

MOST_CHARACTERS: Final = 10_000
"""Of the multilingual models; Flash takes more (elevenlabs.io/docs/models, August 2025)."""


class Read(BaseModel):
    """Something of ElevenLabs'; no error may quote it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Language(Read):
    """A language that a voice was heard in; the locale is the more exact."""

    language: str
    locale: str | None = None


class Speaker(Read):
    """A voice of the account; the vendor's own package has it that one may have no name."""

    voice_id: str = Field(min_length=1)
    name: str | None = None
    verified_languages: tuple[Language, ...] | None = None


class Page(Read):
    """A part of the voices."""

    voices: tuple[Speaker, ...]
    has_more: bool
    next_page_token: str | None = None


class Subscription(Read):
    """What the workspace pays for, and what it used of it."""

    tier: str
    character_count: int = Field(ge=0)
    character_limit: int = Field(ge=0)
    next_character_count_reset_unix: AwareDatetime | None = None
    has_open_invoices: bool = False


class Trouble(Read):
    """What is read of a refusal: its message may quote the text, and is told to nobody."""

    code: str | None = Field(None, pattern=r"^[a-z0-9_+]{1,64}$")
    status: str | None = Field(None, pattern=r"^[a-z0-9_+]{1,64}$")


class Refusal(Read):
    """A refusal; of a field that is wrong `detail` is a list, which has no code."""

    detail: Trouble
