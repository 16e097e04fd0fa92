"""What reading media must do in every adapter that can, whoever wrote it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import httpx2
import pytest

from trunkline.sdk import (
    AuthFailed,
    Capability,
    Media,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline.testing.providers import UNREADABLE, Attempt, BaseProviderConformance, written_out
from trunkline.testing.wire import AnyWire, Canned, Wire

FILE: Final = tuple(bytes([number % 256]) * 16_384 for number in range(64))
"""A file of a megabyte, in the pieces in which it comes."""
_ELSEWHERE: Final = "https://elsewhere.example/files/7"
_FAILURES: Final = {
    "rate_limited": RetryLater,
    "bad_credentials": AuthFailed,
    "server_error": ProviderError,
    "dropped_before": RetryLater,
    "dropped_after": OutcomeUnknown,
}


@dataclass(slots=True)
class FileWire(Wire):
    """
    Gives the last answer's body in pieces, each when it is asked for.

    Attributes:
        pieces: The body.
        is_cut: Whether the connection breaks after half of them.
        given: How many were given.
        is_closed: Whether the reader let go of it.
        was_closed: Whether that was so as soon as the reader had gone.
    """

    pieces: Sequence[bytes] = FILE
    is_cut: bool = False
    given: int = field(default=0, init=False)
    is_closed: bool = field(default=False, init=False)
    was_closed: bool = field(default=False, init=False)

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._streamed))

    def _streamed(self, request: httpx2.Request) -> httpx2.Response:
        response = self._answer(request)
        count = len(self.answer) if isinstance(self.answer, Sequence) else 1
        if len(self.requests) < count:
            return response
        return httpx2.Response(response.status_code, headers=_typed(response), stream=_Body(self))


class _Body(httpx2.AsyncByteStream):
    def __init__(self, wire: FileWire) -> None:
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self._wire.pieces):
            if self._wire.is_cut and number >= len(self._wire.pieces) // 2:
                raise httpx2.RemoteProtocolError("the connection was closed before the end")
            self._wire.given += 1
            yield piece

    async def aclose(self) -> None:
        self._wire.is_closed = True


def _typed(response: httpx2.Response) -> list[tuple[str, str]]:
    return [each for each in response.headers.multi_items() if each[0] != "content-length"]


class BaseMediaConformance(BaseProviderConformance):
    """
    For adapters that declare `Capability.MEDIA_FETCH`: name it before the suite of your kind.

    Its tests are asked beside those of the kind.

    Attributes:
        medium: What is read: a `Media` as one of your webhooks tells of it.
        answers: Beside those of the kind: ``media``, what the vendor answers to whoever reads it (a
            tuple of its answers if it gives several; the last one's body is of the suite's own
            making), ``media_gone`` where it has it no more, and of an adapter that deletes
            ``media_deleted`` and ``media_absent``.
    """

    medium: ClassVar[Media]

    def file_wire(self, *, is_cut: bool = False) -> AnyWire:
        """Return the vendor that gives `FILE`; override it where that is not HTTP."""
        self.needs_http()
        return FileWire(self.answers["media"], is_cut=is_cut)

    def read(self, wire: AnyWire, medium: Media | None = None) -> Attempt:
        """Read a medium to its end; the outcome is its bytes or an error."""
        self.needs(Capability.MEDIA_FETCH)

        async def read(provider: Any) -> bytes:
            pieces = provider.fetch_media(medium or self.medium)
            return b"".join([piece async for piece in pieces])

        return self.asked_on(wire, read)

    def left(self, until: Callable[[AsyncGenerator[bytes, None]], Any]) -> FileWire:
        """Begin to read a medium, leave it once `until` is over, and return the wire."""
        self.needs(Capability.MEDIA_FETCH)
        wire = self.file_wire()
        assert isinstance(wire, FileWire)

        async def leave(provider: Any) -> None:
            async with aclosing(provider.fetch_media(self.medium)) as pieces:
                await until(pieces)
            wire.was_closed = wire.is_closed  # and not only once the event loop ends

        outcome = self.asked_on(wire, leave).outcome
        assert outcome is None, outcome
        return wire

    def deleted(self, scenario: str) -> Attempt:
        """Delete a medium."""
        self.needs(Capability.MEDIA_DELETE)
        return self.asked(self.answer(scenario), lambda each: each.delete_media(self.medium))

    def test_a_medium_is_read_whole(self) -> None:
        outcome = self.read(self.file_wire()).outcome

        assert outcome == b"".join(FILE)

    def test_a_medium_is_read_as_it_comes(self) -> None:
        self.needs_http()

        wire = self.left(anext)

        assert 1 <= wire.given < len(FILE) // 2, "it is read whole before its reader has any"

    def test_a_reader_who_leaves_leaves_nothing_open(self) -> None:
        self.needs_http()

        assert self.left(anext).was_closed

    def test_nothing_is_asked_before_somebody_reads(self) -> None:
        self.needs_http()

        async def wait(pieces: object) -> None:
            await asyncio.sleep(0)

        assert not self.left(wait).requests

    def test_a_medium_of_which_less_came_than_was_announced_is_not_whole(self) -> None:
        assert isinstance(self.read(self.file_wire(is_cut=True)).outcome, OutcomeUnknown)

    def test_a_medium_that_the_vendor_has_no_more_is_gone_for_good(self) -> None:
        outcome = self.read(self.wire(self.answers["media_gone"])).outcome

        assert isinstance(outcome, Rejected)

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_medium_is_gone_by_the_vendors_own_word_alone(self, body: bytes) -> None:
        self.needs_http()
        said = self.answers["media_gone"]
        answers = [said] if isinstance(said, Canned) else list(said)
        if answers[-1].json is None and not answers[-1].content:
            pytest.skip("the vendor says it without words")
        answers[-1] = replace(answers[-1], json=None, content=body)

        outcome = self.read(self.wire(answers)).outcome

        assert isinstance(outcome, ProviderError)
        assert not isinstance(outcome, Rejected)

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_medium_that_cannot_be_read_now_is_not_gone(self, scenario: str) -> None:
        attempt = self.read(self.wire(self.answer(scenario)))

        assert isinstance(attempt.outcome, _FAILURES[scenario])
        assert not isinstance(attempt.outcome, Rejected)
        assert not self.tells(attempt)

    @pytest.mark.parametrize("leads", ["by_a_redirection", "by_its_url"])
    def test_no_other_host_is_handed_the_credentials(self, leads: str) -> None:
        self.needs_http()
        away = Canned(status=302, headers={"location": _ELSEWHERE})
        if leads == "by_its_url":
            attempt = self.read(Wire(self.canned("media")), replace(self.medium, url=_ELSEWHERE))
        else:
            attempt = self.read(Wire([away, self.canned("media")]))

        own = httpx2.URL(getattr(self.valid_config(), "base_url", ""))
        strange = [each for each in attempt.wire.requests if each.url.host != own.host]
        told = [written_out(f"{each.url} {each.headers.multi_items()}") for each in strange]
        assert not [text for text in told if any(secret in text for secret in self.secrets())]
        assert isinstance(attempt.outcome, bytes | ProviderError)

    @pytest.mark.parametrize("scenario", ["media_deleted", "media_absent"])
    def test_a_medium_that_is_deleted_is_there_no_more(self, scenario: str) -> None:
        attempt = self.deleted(scenario)

        assert attempt.outcome is None
        assert attempt.wire.requests, "nobody was asked to"

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_medium_that_could_not_be_deleted_is_not_said_to_be(self, scenario: str) -> None:
        attempt = self.deleted(scenario)

        assert isinstance(attempt.outcome, _FAILURES[scenario])
        assert not self.tells(attempt)
