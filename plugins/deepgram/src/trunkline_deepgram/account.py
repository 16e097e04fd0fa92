"""What is said in recordings and on live streams, through Deepgram's ``/v1/listen``."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final
from urllib.parse import quote

import httpx2

from trunkline.sdk import (
    Account,
    AudioFormat,
    Billed,
    ProviderContext,
    Recognised,
    Recording,
    Rejected,
    SttProvider,
    Transcript,
    transport_errors,
)
from trunkline_deepgram.config import DeepgramConfig
from trunkline_deepgram.wire import Balances, Projects, Transcribed, read

Parameters = dict[str, str | list[str]]

_HEADERLESS: Final[Mapping[AudioFormat, Parameters]] = {
    AudioFormat.MULAW_8000: {"encoding": "mulaw", "sample_rate": "8000"},
    AudioFormat.PCM_16000: {"encoding": "linear16", "sample_rate": "16000"},
}
"""
What must be said of sound without a header, and of no other.

From developers.deepgram.com/docs/encoding, read in November 2026.
"""
_LIVE: Final[Parameters] = {
    "channels": "1",
    "interim_results": "true",
    "endpointing": "300",  # milliseconds of silence after which a stretch is final
    "utterance_end_ms": "1000",  # the shortest that Deepgram takes
}
_USD: Final = "usd"


class Deepgram(SttProvider):
    """One open Deepgram project."""

    def __init__(self, config: DeepgramConfig, context: ProviderContext) -> None:
        self._http = context.http
        self._clock = context.clock
        self._base_url = config.base_url
        self._model = config.model
        self._headers = {"Authorization": f"Token {config.api_key.get_secret_value()}"}

    async def transcribe(self, recording: Recording) -> Transcript:
        asked = self._asked(recording.format, recording.phrases)
        if recording.language:
            asked["language"] = recording.language
        else:
            asked["detect_language"] = "true"
        headers = {**self._headers, "Content-Type": recording.format.content_type}
        with transport_errors("Deepgram"):
            response = await self._http.post(
                f"{self._base_url}/v1/listen",
                params=asked,
                headers=headers,
                content=recording.audio,  # as it comes
            )
        said = read(Transcribed, response)
        channel, duration_s = said.results.channels[0], said.metadata.duration
        return Transcript(
            text=channel.best.transcript,
            confidence=channel.best.confidence,
            language=channel.detected_language,
            duration_s=duration_s,
            billed=Billed(units=math.ceil(duration_s)),
        )

    async def listen(
        self,
        audio: AsyncIterator[bytes],
        audio_format: AudioFormat,
        *,
        language: str | None = None,
        phrases: Sequence[str] = (),
    ) -> AsyncIterator[Recognised]:
        if audio_format not in _HEADERLESS:
            raise Rejected("Live speech must be µ-law at 8 kHz or samples at 16 kHz.")
        asked = {**self._asked(audio_format, phrases), **_LIVE}
        if language or self._tells_terms():
            asked["language"] = language or "multi"
        await asyncio.to_thread(_prepare)
        from trunkline_deepgram.live import recognised

        base_url = self._base_url.replace("http", "ws", 1)
        url = f"{base_url}/v1/listen?{httpx2.QueryParams(asked)}"
        async with aclosing(recognised(url, self._headers, audio, self._clock)) as told:
            async for each in told:
                yield each

    async def verify(self) -> Account:
        """Ask for the projects of the key, and for what is left of the first one's money."""
        projects = read(Projects, await self._get("/v1/projects")).projects
        if not projects:
            return Account(notes=("The API key belongs to no project: make another one.",))
        project = projects[0]
        path = f"/v1/projects/{quote(project.project_id, safe='')}/balances"
        response = await self._get(path)
        if response.status_code == httpx2.codes.FORBIDDEN:
            return Account(name=project.name)  # a key for recognition alone, as it should be
        balances = read(Balances, response).balances
        left = [each.amount for each in balances if each.units.lower() == _USD]
        return Account(
            name=project.name,
            balance_micros=round(sum(left) * 1_000_000) if left else None,
            currency="USD" if left else None,
        )

    def _asked(self, audio_format: AudioFormat, phrases: Sequence[str]) -> Parameters:
        """Return the parameters that recordings and streams share."""
        asked: Parameters = {
            "model": self._model,
            "smart_format": "true",
            "mip_opt_out": "true",  # else Deepgram keeps the sound and trains its models with it
            **_HEADERLESS.get(audio_format, {}),
        }
        if self._tells_terms():
            asked["keyterm"] = [*phrases]
        return asked

    def _tells_terms(self) -> bool:
        """Tell whether the model is of the family that knows key terms and all languages."""
        return self._model.startswith("nova-3")

    async def _get(self, path: str) -> httpx2.Response:
        with transport_errors("Deepgram"):
            return await self._http.get(f"{self._base_url}{path}", headers=self._headers)


def _prepare() -> None:
    """Import what recordings do not need and what would hold the event loop up."""
    import trunkline_deepgram.live  # noqa: F401 - for the import itself


@asynccontextmanager
async def open_deepgram(
    config: DeepgramConfig, context: ProviderContext
) -> AsyncIterator[Deepgram]:
    """Open one project. Deepgram has no log-in, so nothing needs undoing either."""
    yield Deepgram(config, context)
