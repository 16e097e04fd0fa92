"""What every HTTP adapter must get right: what a broken connection means, how files are read."""

import re
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Final

import httpx2

from trunkline.sdk.errors import (
    AuthFailed,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
)

STREAMED: Final[Mapping[str, bool]] = {"trunkline.streamed": True}
"""
The `extensions` of a request whose answer is read in pieces, as it comes.

The hub's client bounds the size of any other answer, and the time until its last byte.
"""
_MOST_REDIRECTS: Final = 3
_MOST_OF_A_REFUSAL: Final = 65_536
_EXPIRED: Final = frozenset({400, 401, 403, 404, 410})
"""What stores answer of a link that holds no more: Amazon's, 400 or 403."""
_OF_THE_BODY: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})

_NO_HEADER: Final = re.compile(rb"[\x00\r\n]")
"""What no client writes into a header: it would begin another one (RFC 9110 §5.5)."""


@contextmanager
def transport_errors(vendor: str) -> Iterator[None]:
    """
    Turn a broken connection into the error that says what may be done about it.

    Raises:
        RetryLater: No connection came about, so nothing was sent.
        AuthFailed: Nothing was sent either: a header cannot be written, as a key with a line break
            or a letter that is not ASCII is in it.
        OutcomeUnknown: The request may have been written; it must not be sent again blindly.
    """
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise RetryLater(f"{vendor} could not be reached.", unavailable=True) from error
    except httpx2.LocalProtocolError as error:
        if _has_unwritable_header(error):
            raise _unwritable(vendor) from None
        raise OutcomeUnknown(f"{vendor} did not answer.") from error
    except UnicodeEncodeError as error:
        frames = traceback.walk_tb(error.__traceback__)
        if not any(frame.f_code.co_name == "build_request" for frame, _ in frames):
            raise  # of what came after the request, perhaps
        raise _unwritable(vendor) from None  # the error holds the key
    except httpx2.RequestError as error:  # also an answer that does not decompress
        raise OutcomeUnknown(f"{vendor} did not answer.") from error


async def download(
    http: httpx2.AsyncClient,
    url: str,
    *,
    vendor: str,
    refused: Callable[[httpx2.Response], ProviderError] | None = None,
    auth: httpx2.Auth | None = None,
    anew: Callable[[], Awaitable[str]] | None = None,
) -> AsyncGenerator[bytes, None]:
    """
    Read a file in pieces, as `MessageProvider.fetch_media` does.

    Args:
        refused: Returns what it means that the provider itself answers with no success; by default
            what it means of a link that wants no credentials and holds for a while.
        auth: For this URL alone: where it leads elsewhere, that is read without it.
        anew: Returns another URL for the file, whose first has expired: asked once, and only where
            `refused` says `Rejected`, as it does by default of a link that has expired.

    Raises:
        Rejected: `url` is none.
        ProviderError: What `refused` and `transport_errors` say; `OutcomeUnknown` where it leads
            nowhere, or to what is not encrypted though it began so.
    """
    said = refused or partial(_expired, vendor)
    try:
        async with aclosing(_followed(http, url, vendor, said, auth)) as pieces:
            async for piece in pieces:
                yield piece
            return
    except Rejected:
        if anew is None:
            raise
    async with aclosing(_followed(http, await anew(), vendor, said, None)) as pieces:
        async for piece in pieces:
            yield piece


async def _followed(
    http: httpx2.AsyncClient,
    url: str,
    vendor: str,
    refused: Callable[[httpx2.Response], ProviderError],
    auth: httpx2.Auth | None,
) -> AsyncGenerator[bytes, None]:
    try:
        place = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise Rejected("The file has no address that can be read.") from None
    for hop in range(_MOST_REDIRECTS + 1):
        with transport_errors(vendor):
            async with http.stream(
                "GET", place, auth=None if hop else auth, extensions=dict(STREAMED)
            ) as response:
                if response.status_code == httpx2.codes.PARTIAL_CONTENT:  # nobody asked for that
                    raise OutcomeUnknown(f"{vendor} gives only a part of the file.")
                if response.is_success:
                    async for piece in response.aiter_bytes():
                        yield piece
                    return
                if not response.has_redirect_location:
                    if hop:
                        raise OutcomeUnknown(f"{vendor} leads to what cannot be read.")
                    raise refused(await _whole(response))
                place = _led_to(place, response.headers["location"], vendor)
    raise OutcomeUnknown(f"{vendor} leads from one place to the next without an end.")


def _expired(vendor: str, response: httpx2.Response) -> ProviderError:
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        return RetryLater(f"{vendor} limits the rate at which files are read.")
    if status in _EXPIRED:
        return Rejected(f"{vendor}'s link to the file has expired.", provider_code=str(status))
    return OutcomeUnknown(f"{vendor} answered {status} to who reads a file.")


def _led_to(place: httpx2.URL, location: str, vendor: str) -> httpx2.URL:
    try:
        led_to = place.join(location)
    except httpx2.InvalidURL:
        raise OutcomeUnknown(f"{vendor} leads to no address.") from None
    if led_to.scheme not in {"https", place.scheme} or not led_to.host:
        raise OutcomeUnknown(f"{vendor} leads to an address that is not encrypted.")
    return led_to


async def _whole(response: httpx2.Response) -> httpx2.Response:
    """Return an answer with as much of its body as a refusal has."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) >= _MOST_OF_A_REFUSAL:
            break
    headers = [each for each in response.headers.multi_items() if each[0] not in _OF_THE_BODY]
    return httpx2.Response(response.status_code, headers=headers, content=body)


def _has_unwritable_header(error: httpx2.RequestError) -> bool:
    try:
        headers = error.request.headers.raw
    except RuntimeError:  # nobody has said what the request was
        return False
    return any(_NO_HEADER.search(value) for _, value in headers)


def _unwritable(vendor: str) -> AuthFailed:
    return AuthFailed(
        f"{vendor} was not asked: the credentials hold a line break or letters that are not ASCII, "
        "which no header can. Set them again."
    )
