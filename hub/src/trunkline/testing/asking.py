"""An open provider of messages on a made-up wire, and what comes of asking it something."""

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, TypeAlias
from urllib.parse import unquote_plus

import httpx2
import pytest
from pydantic import BaseModel

from trunkline.sdk import (
    Account,
    KeyForm,
    Outbound,
    Receipt,
    Received,
    Report,
    Template,
)
from trunkline.testing.contents import Leaf, leaves_of
from trunkline.testing.fakes import RecordingLog, provider_context
from trunkline.testing.signatures import BaseSignatureConformance
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, AnyWire, Canned, Drop, Wire

Told: TypeAlias = Receipt | Report | list[Report] | Received | list[Template] | Account | None
Question: TypeAlias = Callable[[Any], Awaitable[Told]]

DROPS: Final[Mapping[str, Drop]] = {"dropped_before": DROP_BEFORE, "dropped_after": DROP_AFTER}
KEYS: Final = {
    KeyForm.ANY: ("msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f7", "msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f8"),
    KeyForm.UUID: ("0199c2a0-4d5b-7c3e-8f10-a2b3c4d5e6f7", "0199c2a0-4d5b-7c3e-8f10-a2b3c4d5e6f8"),
}
"""Keys as the hub makes them, as long as they really are, of two texts."""
UNREADABLE: Final = [b"", b"<html>", b"null", b"[]", b"{}", b'"ok"', b"\xff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one question: its answer or error, what went over the wire and was logged."""

    outcome: Told | Exception
    wire: AnyWire
    log: RecordingLog


class BaseAskingConformance(BaseSignatureConformance):
    """
    What the parts of `BaseMessageConformance` that need a wire have in common.

    Attributes:
        over_http: False of an adapter that speaks something else, such as SMTP. Its author then
            overrides `wire`, `opened` and `fields`, puts into `answers` whatever the wire takes,
            and what is asked of HTTP alone is skipped.
    """

    answers: ClassVar[Mapping[str, Any]]
    sends_as: ClassVar[Mapping[str, str]] = {}
    takes_status_url: ClassVar[bool] = True
    over_http: ClassVar[bool] = True
    message: ClassVar[Outbound]
    other_recipient: ClassVar[str]
    strangers: ClassVar[tuple[str, str]]

    def sample(self) -> Outbound:
        """Return the message that is sent."""
        return self.message

    def text(self, number: int = 0) -> Outbound:
        """Return the message that is sent with a key in the form that the vendor takes."""
        idempotency, sample = self.spec.idempotency, self.sample()
        form = KeyForm.ANY if idempotency is None else idempotency.form
        if sample.idempotency_key != KEYS[KeyForm.ANY][0] and number == 0:
            return sample  # it has one of its author's
        return replace(sample, idempotency_key=KEYS[form][number])

    def another(self) -> Outbound:
        """Return another message to somebody else."""
        return replace(self.text(1), recipient=self.other_recipient, body="Another one.")

    def written(self, address: str) -> str:
        """Return how the vendor writes an address; a plus in front may be missing."""
        return address

    def bare(self, address: str) -> str:
        """Return an address as the vendor writes it without a plus in front."""
        return self.written(address).removeprefix("+")

    def needs_place(self, name: str) -> None:
        """Skip the test that calls this if the vendor has no place for a part of a message."""
        if name in self.left_out:
            pytest.skip(f"{self.spec.name} leaves out {name}: {self.left_out[name]}")

    def needs_http(self) -> None:
        """Skip the test that calls this unless the adapter speaks HTTP."""
        if not self.over_http:
            pytest.skip(f"{self.spec.name} does not speak HTTP")

    def wire(self, answer: Any) -> AnyWire:
        """Return the vendor that gives an answer, or one after another."""
        return Wire(answer)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        """Open the provider on `wire`."""
        config = config or self.valid_config()
        assert isinstance(wire, Wire)
        async with (
            wire.client() as http,
            self.spec.open(config, provider_context(http, log=log)) as provider,
        ):
            wire.requests.clear()  # opening may have cost some
            yield provider

    def asked(self, answer: Any, question: Question, config: BaseModel | None = None) -> Attempt:
        """Ask the provider once, while its vendor gives `answer`."""
        wire, log = self.wire(answer), RecordingLog()

        async def ask() -> Told | Exception:
            async with self.opened(wire, log, config) as provider:
                try:
                    return await question(provider)
                except Exception as error:  # noqa: BLE001 - the tests judge what it is
                    return error

        return Attempt(outcome=asyncio.run(ask()), wire=wire, log=log)

    def attempt(self, answer: Any) -> Attempt:
        """Send the message once to a vendor that gives `answer`."""
        return self.asked(answer, lambda provider: provider.send(self.text()))

    def answer(self, scenario: str) -> Any:
        """Return what the vendor does in a scenario; of several pages, the last."""
        if scenario in DROPS:
            return DROPS[scenario]
        assert scenario in self.answers, f"`answers` lacks {scenario}"
        answer = self.answers[scenario]
        return answer[-1] if isinstance(answer, tuple | list) else answer

    def canned(self, scenario: str) -> Canned:
        """Return what the vendor answers in a scenario over HTTP."""
        self.needs_http()
        answer = self.answer(scenario)
        assert isinstance(answer, Canned)
        return answer

    def fields(self, request: Any) -> Sequence[Leaf]:
        """
        Return the values in a request, each with the names of the fields that it lies in.

        It reads headers, queries, JSON and forms. Override it for a vendor that takes another form.
        """
        assert isinstance(request, httpx2.Request)
        return leaves_of(request)

    def reaches(self, value: str, request: Any) -> bool:
        """Tell whether `value` stands anywhere in a request."""
        if isinstance(request, httpx2.Request):
            return reaches_the_vendor(value, request)
        return any(value in (held or "") for _, held in self.fields(request))

    def secrets(self) -> list[str]:
        """Return the credentials in `config`."""
        values = dict(self.valid_config()).values()
        return [value.get_secret_value() for value in values if hasattr(value, "get_secret_value")]

    def private(self) -> list[str]:
        """Return what of the message is nobody's business."""
        sample = self.sample()
        return [sample.recipient.removeprefix("+"), sample.body]

    def tells(self, attempt: Attempt) -> list[str]:
        """Return what an error or the log holds and must not."""
        secrets = self.secrets()
        private = [*secrets, *self.private()]
        error = attempt.outcome if isinstance(attempt.outcome, Exception) else None
        told = f"{error} {error!r} {attempt.log.events}"
        causes = _causes(error)
        return [
            *(value for value in private if value in told),
            *(value for value in secrets if value in f"{causes} {_decoded(told + causes)}"),
        ]


def reaches_the_vendor(value: str, request: httpx2.Request) -> bool:
    """Tell whether `value` stands in a request, as it is or escaped as in a form."""
    written = f"{request.url} {list(request.headers.values())} {request.content.decode()}"
    return value in written or value in unquote_plus(written)


def _decoded(text: str) -> str:
    """Return what stands in a text as Base64, such as the header of HTTP's basic authentication."""
    decoded = []
    for run in re.findall(r"[A-Za-z0-9+/]{8,}={0,2}", text):
        with suppress(ValueError):
            decoded.append(b64decode(run).decode("utf-8", "replace"))
    return " ".join(decoded)


def _causes(error: BaseException | None) -> str:
    """Return the texts of an error and of everything that led to it."""
    texts = []
    while error is not None:
        texts.append(repr(error))
        error = error.__cause__ or error.__context__
    return " ".join(texts)
