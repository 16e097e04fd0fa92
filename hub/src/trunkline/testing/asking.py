"""An open telephony provider on a made-up wire, and what comes of asking it something."""

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeAlias
from urllib.parse import unquote_plus

import httpx2
from pydantic import BaseModel

from trunkline.sdk import (
    E164,
    Account,
    KeyForm,
    OutboundSms,
    Receipt,
    Report,
    TelephonyProvider,
)
from trunkline.testing.contents import Leaf, leaves_of
from trunkline.testing.fakes import RecordingLog, provider_context
from trunkline.testing.signatures import BaseSignatureConformance
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, Answer, Canned, Drop, Wire

Told: TypeAlias = Receipt | Report | list[Report] | Account | None
Question: TypeAlias = Callable[[TelephonyProvider], Awaitable[Told]]

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
    wire: Wire
    log: RecordingLog


class BaseAskingConformance(BaseSignatureConformance):
    """What the parts of `BaseTelephonyConformance` that need a wire have in common."""

    answers: ClassVar[Mapping[str, Canned | Sequence[Canned]]]
    sends_as: ClassVar[Mapping[str, str]] = {}
    takes_status_url: ClassVar[bool] = True
    sms: ClassVar[OutboundSms] = OutboundSms(
        sender=E164("+14155550100"),
        recipient=E164("+14155550199"),
        body="Héllo, wörld 👋",
        idempotency_key=KEYS[KeyForm.ANY][0],
        status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
    )

    def text(self, number: int = 0) -> OutboundSms:
        """Return `sms` with a key in the form that the vendor takes."""
        idempotency = self.spec.idempotency
        form = KeyForm.ANY if idempotency is None else idempotency.form
        if self.sms.idempotency_key != KEYS[KeyForm.ANY][0] and number == 0:
            return self.sms  # it has one of its author's
        return replace(self.sms, idempotency_key=KEYS[form][number])

    @asynccontextmanager
    async def opened(
        self, wire: Wire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[TelephonyProvider]:
        """Open the provider on `wire`."""
        config = config or self.valid_config()
        async with (
            wire.client() as http,
            self.spec.open(config, provider_context(http, log=log)) as provider,
        ):
            wire.requests.clear()  # opening may have cost some
            yield provider

    def asked(
        self,
        answer: Answer | Sequence[Answer],
        question: Question,
        config: BaseModel | None = None,
    ) -> Attempt:
        """Ask the provider once, while its vendor gives `answer`."""
        wire, log = Wire(answer), RecordingLog()

        async def ask() -> Told | Exception:
            async with self.opened(wire, log, config) as provider:
                try:
                    return await question(provider)
                except Exception as error:  # noqa: BLE001 - the tests judge what it is
                    return error

        return Attempt(outcome=asyncio.run(ask()), wire=wire, log=log)

    def attempt(self, answer: Answer | Sequence[Answer]) -> Attempt:
        """Send `sms` once to a vendor that gives `answer`."""
        return self.asked(answer, lambda provider: provider.send(self.text()))

    def answer(self, scenario: str) -> Answer:
        """Return what the vendor does in a scenario; of several pages, the last."""
        if scenario in DROPS:
            return DROPS[scenario]
        assert scenario in self.answers, f"`answers` lacks {scenario}"
        answer = self.answers[scenario]
        return answer if isinstance(answer, Canned) else answer[-1]

    def canned(self, scenario: str) -> Canned:
        """Return what the vendor answers in a scenario."""
        answer = self.answer(scenario)
        assert isinstance(answer, Canned)
        return answer

    def fields(self, request: httpx2.Request) -> Sequence[Leaf]:
        """
        Return the values in a request, each with the names of the fields that it lies in.

        It reads headers, queries, JSON and forms. Override it for a vendor that takes another form.
        """
        return leaves_of(request)

    def secrets(self) -> list[str]:
        """Return the credentials in `config`."""
        values = dict(self.valid_config()).values()
        return [value.get_secret_value() for value in values if hasattr(value, "get_secret_value")]

    def tells(self, attempt: Attempt) -> list[str]:
        """Return what an error or the log holds and must not."""
        secrets = self.secrets()
        private = [*secrets, self.sms.recipient.removeprefix("+"), self.sms.body]
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
