"""Calls over HTTP, for scripts and for the handset page."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.sdk import E164, HUB_VIEW, HubView, NotConfigured, RetryLater, e164
from trunkline_demo.calls import Call, NoSuchCall, NotNow
from trunkline_demo.inputs import Input, agents_of, answered, items, timestamp
from trunkline_demo.network import NotOpen
from trunkline_demo.problems import Problem, read_body, read_input
from trunkline_demo.ringing import Exchange
from trunkline_demo.sounds import MULAW, WAV, Sound, UnreadableSound, read_sound
from trunkline_demo.talking import Said
from trunkline_demo.webhooks import Number

MAX_SOUND_BYTES: Final = 5 * 1024 * 1024
MAX_WORDS: Final = 1_600
"""Characters that are said at once."""

_RANGE: Final = re.compile(r"bytes=([0-9]{1,9})-([0-9]{0,9})")
_NOT_OPEN: Final = "The hub has not opened its demo connection yet; try again in a moment."


class NothingInput(Input):
    """An empty object: all is said by the path."""


class DialInput(Input):
    """Whom a handset calls."""

    to: Number


class SayInput(Input):
    """What a person says, as words that are spoken for them."""

    text: str = Field(min_length=1, max_length=MAX_WORDS)


def call_routes(exchange: Exchange) -> list[Route]:
    """Return the routes of calls."""
    site = _Site(exchange)
    call = "/calls/{call_id}"
    posts: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/handsets/{address}/calls": site.dial,
        f"{call}/answer": partial(site.decide, exchange.answer),
        f"{call}/decline": partial(site.decide, exchange.decline),
        f"{call}/hang-up": partial(site.decide, exchange.hang_up),
        f"{call}/say": site.say,
    }
    gets = {
        "/calls": site.list_calls,
        "/handsets/{address}/calls": site.list_calls,
        call: site.show,
        f"{call}/sounds/{{number:int}}": site.sound,
    }
    return [
        *(Route(path, _told(do), methods=["GET"]) for path, do in gets.items()),
        *(Route(path, _told(do), methods=["POST"]) for path, do in posts.items()),
    ]


class _Site:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def list_calls(self, request: Request) -> Response:
        """List the calls of a handset, or all, newest first."""
        number = _number(request) if "address" in request.path_params else None
        return items([_shown(call) for call in self._exchange.calls.all(number)])

    async def show(self, request: Request) -> Response:
        return answered(_shown(self._call(request)))

    async def sound(self, request: Request) -> Response:
        said = self._call(request).talk.said
        number: int = request.path_params["number"]
        sound = said[number].sound if number < len(said) else None
        if sound is None:
            raise Problem(404, "not_found", "There is no such sound.")
        return _part(request, sound)

    async def dial(self, request: Request) -> Response:
        given = await read_input(request, DialInput)
        agents = await agents_of(request)
        if agents is not None and given.to not in {each.addresses.get("sms") for each in agents}:
            raise Problem(422, "invalid", "to: no agent has this number.")
        return answered(_shown(self._exchange.dial(_number(request), given.to)))

    async def decide(self, do: Callable[[str], Call], request: Request) -> Response:
        """Let a person answer, decline or hang up."""
        await read_input(request, NothingInput)
        return answered(_shown(do(request.path_params["call_id"])))

    async def say(self, request: Request) -> Response:
        """Take what a person says: words as JSON, or a sound as the body."""
        text = None
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type in {WAV, MULAW}:
            sound = _read(await read_body(request, MAX_SOUND_BYTES), media_type)
        else:
            text = (await read_input(request, SayInput)).text
            sound = _read(await _spoken(request, text), WAV)
        return answered(_shown(self._exchange.say(request.path_params["call_id"], sound, text)))

    def _call(self, request: Request) -> Call:
        return self._exchange.calls.get(request.path_params["call_id"])


def _told(do: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that says what stands against what a person does."""

    async def handle(request: Request) -> Response:
        try:
            return await do(request)
        except NotOpen:
            raise Problem(503, "provider_unavailable", _NOT_OPEN) from None
        except NoSuchCall:
            raise Problem(404, "not_found", "There is no such call, or no more.") from None
        except (NotNow, RetryLater) as error:
            raise Problem(422, "invalid", str(error)) from None

    return handle


def _part(request: Request, sound: Sound) -> Response:
    """Answer with a sound, or with the part that is asked for: some browsers play no other way."""
    content, status = sound.content, 200
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
    }
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked:
        last = len(content) - 1
        start, end = int(asked[1]), min(int(asked[2] or last), last)
        if start <= end:
            headers["content-range"] = f"bytes {start}-{end}/{len(content)}"
            content, status = content[start : end + 1], 206
    return Response(content, status, headers, sound.content_type)


async def _spoken(request: Request, text: str) -> bytes:
    """Return a text as the hub speaks it."""
    view: HubView | None = request.scope.get(HUB_VIEW)
    if view is None:
        raise Problem(424, "not_configured", "Nothing speaks here: send a sound instead.")
    try:
        return await view.speak(text)
    except NotConfigured as error:
        raise Problem(424, "not_configured", str(error)) from None


def _read(content: bytes, media_type: str) -> Sound:
    try:
        return read_sound(content, media_type)
    except UnreadableSound as error:
        raise Problem(422, "invalid", str(error)) from None


def _number(request: Request) -> E164:
    try:
        return e164(request.path_params["address"])
    except ValueError as error:
        raise Problem(422, "invalid", f"address: {error}") from None


def _shown(call: Call) -> dict[str, object]:
    """Render a call; `listening` says whether what a person says now is recorded."""
    return {
        "id": call.id,
        "from": call.sender,
        "to": call.recipient,
        "status": call.status.value,
        "rings": call.rings_at_handset,
        "listening": call.listener is not None,
        "answeredBy": call.answered_by and call.answered_by.value,
        "placedAt": timestamp(call.placed_at),
        "answeredAt": call.answered_at and timestamp(call.answered_at),
        "endedAt": call.ended_at and timestamp(call.ended_at),
        "durationS": call.duration_s,
        "reason": call.code,
        "said": [_shown_said(call, number, said) for number, said in enumerate(call.talk.said)],
    }


def _shown_said(call: Call, number: int, said: Said) -> dict[str, object]:
    """Render what was said; `soundUrl` is relative to ``/demo/``."""
    return {
        "from": said.by,
        "text": said.text,
        "timestamp": timestamp(said.at),
        "durationS": None if said.sound is None else round(said.sound.duration_s, 2),
        "soundUrl": None if said.sound is None else f"calls/{call.id}/sounds/{number}",
    }
