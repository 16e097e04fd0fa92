"""Speech through ElevenLabs' ``POST /v1/text-to-speech/{voice_id}/stream``."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import httpx2
from pydantic import ValidationError

from trunkline.sdk import (
    STREAMED,
    Account,
    AudioFormat,
    Billed,
    OutcomeUnknown,
    ProviderContext,
    Quota,
    Rejected,
    Sound,
    Speech,
    TtsProvider,
    Voice,
    transport_errors,
)
from trunkline_elevenlabs.config import VOICE_ID, ElevenLabsConfig
from trunkline_elevenlabs.errors import number_of, refusal
from trunkline_elevenlabs.wire import FORMATS, Page, Read, Speaker, Subscription

R = TypeVar("R", bound=Read)

_MOST_PAGES: Final = 100
_VOICES_A_PAGE: Final = 100
_NO_SOUND: Final = ("application/json", "text/")
_CHOOSES_LANGUAGE: Final = ("eleven_flash_v2_5", "eleven_turbo_v2_5")
"""The models that can be told a language; others refuse it (OpenAPI file of August 2025)."""


class ElevenLabs(TtsProvider):
    """One open ElevenLabs account."""

    def __init__(self, config: ElevenLabsConfig, http: httpx2.AsyncClient) -> None:
        self._config = config
        self._http = http
        self._headers = {"xi-api-key": config.api_key.get_secret_value()}

    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        """Speak a text; what it cost in credits comes with the first piece."""
        voice = speech.voice or self._config.voice
        if speech.format not in FORMATS:
            raise Rejected("ElevenLabs does not speak in this format.")
        if not re.fullmatch(VOICE_ID, voice):
            raise Rejected("ElevenLabs has no voice with such an id.")
        with transport_errors("ElevenLabs"):
            # Leaving the block closes the connection, also when the reader goes away.
            async with self._http.stream(
                "POST",
                f"{self._config.base_url}/v1/text-to-speech/{voice}/stream",
                params=self._query(speech),
                json=self._body(speech),
                headers=self._headers,
                extensions=dict(STREAMED),  # minutes of speech may be more than 10 MB
            ) as response:
                if not response.is_success or _is_no_sound(response):
                    await response.aread()
                    raise refusal(response)
                billed = _billed(response)
                is_first = True
                async for piece in response.aiter_bytes():
                    if is_first and speech.format is AudioFormat.OGG_OPUS and piece[:4] != b"OggS":
                        raise OutcomeUnknown("ElevenLabs sent Opus that is not in Ogg.")
                    yield Sound(audio=piece, billed=billed if is_first else None)
                    is_first = False
                if is_first:
                    raise OutcomeUnknown("ElevenLabs answered without a sound.")

    async def voices(self) -> Sequence[Voice]:
        """Return the voices of the account, whatever they were made by."""
        voices: dict[str, Voice] = {}  # the first page may hold some of a later one
        query = {"page_size": str(_VOICES_A_PAGE), "include_total_count": "false"}
        for _ in range(_MOST_PAGES):
            page = await self._get(Page, "/v2/voices", query)
            voices |= {each.voice_id: _voice(each) for each in page.voices}
            if not page.has_more:
                return tuple(voices.values())
            if not page.next_page_token:
                raise OutcomeUnknown("ElevenLabs has more voices and does not say where.")
            query = {**query, "next_page_token": page.next_page_token}
        raise OutcomeUnknown("ElevenLabs' list of voices has no end.")

    async def quota(self) -> Quota:
        """Return the credits that were used in this period."""
        subscription = await self._subscription()
        return Quota(
            used=subscription.character_count,
            limit=subscription.character_limit,
            resets_at=subscription.next_character_count_reset_unix,
        )

    async def verify(self) -> Account:
        """Return the name of the plan, and what stands in the way of speaking."""
        subscription = await self._subscription()
        notes = []
        if subscription.has_open_invoices:
            notes.append("An invoice is open: pay it at elevenlabs.io/app/subscription.")
        if subscription.character_count >= subscription.character_limit:
            notes.append("The credits of this period are used up.")
        return Account(name=subscription.tier, notes=tuple(notes))

    async def _subscription(self) -> Subscription:
        return await self._get(Subscription, "/v1/user/subscription", {})

    def _query(self, speech: Speech) -> dict[str, str]:
        query = {"output_format": FORMATS[speech.format]}
        if self._config.zero_retention:
            query["enable_logging"] = "false"
        return query

    def _body(self, speech: Speech) -> dict[str, str]:
        body = {"text": speech.text, "model_id": self._config.model_id}
        if speech.language and self._config.model_id in _CHOOSES_LANGUAGE:
            body["language_code"] = speech.language.partition("-")[0].lower()  # ISO 639
        return body

    async def _get(self, model: type[R], path: str, query: dict[str, str]) -> R:
        """Return what is in an answer, or raise what the answer means to the hub."""
        with transport_errors("ElevenLabs"):
            response = await self._http.get(
                f"{self._config.base_url}{path}", params=query, headers=self._headers
            )
        if not response.is_success:
            raise refusal(response)
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise OutcomeUnknown("ElevenLabs gave an answer that cannot be read.") from error


@asynccontextmanager
async def open_elevenlabs(
    config: ElevenLabsConfig, context: ProviderContext
) -> AsyncIterator[ElevenLabs]:
    """Open one account. There is no log-in, so nothing needs undoing either."""
    yield ElevenLabs(config, context.http)


def _is_no_sound(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith(_NO_SOUND)


def _billed(response: httpx2.Response) -> Billed | None:
    """Return the credits that a text cost."""
    units = number_of(response.headers.get("character-cost", ""))
    return None if units is None else Billed(units=units)


def _voice(speaker: Speaker) -> Voice:
    heard = speaker.verified_languages or ()
    languages = dict.fromkeys(each.locale or each.language for each in heard)
    return Voice(
        id=speaker.voice_id, name=speaker.name or speaker.voice_id, languages=tuple(languages)
    )
