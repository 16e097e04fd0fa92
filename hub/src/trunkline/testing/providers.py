"""An open provider on a made-up wire, and what comes of asking it something."""

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias
from urllib.parse import unquote_plus

import httpx2
import pytest
from pydantic import BaseModel

from trunkline.sdk import ProviderSpec
from trunkline.testing.contents import Leaf, leaves_of
from trunkline.testing.fakes import RecordingLog, provider_context
from trunkline.testing.suite import BaseConformance
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, AnyWire, Canned, Drop, Wire

Question: TypeAlias = Callable[[Any], Awaitable[Any]]

DROPS: Final[Mapping[str, Drop]] = {"dropped_before": DROP_BEFORE, "dropped_after": DROP_AFTER}
UNREADABLE: Final = [b"", b"<html>", b"null", b"[]", b"{}", b'"ok"', b"\xff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one question: its answer or error, what went over the wire and was logged."""

    outcome: Any
    wire: AnyWire
    log: RecordingLog


class BaseProviderConformance(BaseConformance):
    """
    What the suites of all kinds of provider have in common.

    Attributes:
        spec: The spec that your plugin offers.
        config: Values for `spec.config`, with made-up credentials as long as real ones.
        answers: What the vendor answers, by a name; the suite of a kind says which it asks for.
        means: What they mean by the vendor's manual, by the same names.
        left_out: What the vendor has no place for or never tells, each with the reason; the suite
            of a kind says what that may be.
        over_http: False of an adapter that speaks something else, such as SMTP. Its author then
            overrides `wire`, `opened` and `fields`, puts into `answers` whatever the wire takes,
            and what is asked of HTTP alone is skipped.
    """

    spec: ClassVar[ProviderSpec[Any, Any]]
    config: ClassVar[Mapping[str, object]]
    answers: ClassVar[Mapping[str, Any]]
    means: ClassVar[Mapping[str, object]] = {}
    left_out: ClassVar[Mapping[str, str]] = {}
    over_http: ClassVar[bool] = True

    def needs(self, capability: str) -> None:
        """Skip the test that calls this unless the spec declares `capability`."""
        if capability not in self.spec.capabilities:
            pytest.skip(f"{self.spec.name} does not declare {capability}")

    def needs_place(self, name: str) -> None:
        """Skip the test that calls this if the vendor has no such thing."""
        if name in self.left_out:
            pytest.skip(f"{self.spec.name} leaves out {name}: {self.left_out[name]}")

    def valid_config(self) -> BaseModel:
        """Return `config` as the model that the spec names."""
        config: BaseModel = self.spec.config.model_validate(self.config)
        return config

    def meaning(self, name: str) -> Any:
        """Return what an answer or a callback means by the vendor's manual."""
        assert name in self.means, f"say in `means` what {name} means"
        return self.means[name]

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
        return self.asked_on(self.wire(answer), question, config)

    def asked_on(
        self, wire: AnyWire, question: Question, config: BaseModel | None = None
    ) -> Attempt:
        """Ask the provider once over a wire."""
        log = RecordingLog()

        async def ask() -> Any:
            async with self.opened(wire, log, config) as provider:
                try:
                    return await question(provider)
                except Exception as error:  # noqa: BLE001 - the tests judge what it is
                    return error

        return Attempt(outcome=asyncio.run(ask()), wire=wire, log=log)

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
        """Return what nobody but the vendor may hear."""
        return []

    def tells(self, attempt: Attempt) -> list[str]:
        """Return what an error or the log holds and must not."""
        secrets = self.secrets()
        private = [*secrets, *self.private()]
        error = attempt.outcome if isinstance(attempt.outcome, Exception) else None
        code = getattr(error, "provider_code", None)
        told = f"{error} {error!r} {code} {attempt.log.events}"
        causes = causes_of(error)
        return [
            *(value for value in private if value in told),
            *(value for value in secrets if value in written_out(f"{told} {causes}")),
        ]


def reaches_the_vendor(value: str, request: httpx2.Request) -> bool:
    """Tell whether `value` stands in a request, as it is or escaped as in a form."""
    written = f"{request.url} {list(request.headers.values())} {request.content.decode()}"
    return value in written or value in unquote_plus(written)


def written_out(text: str) -> str:
    """Return a text with what stands in it as Base64, such as HTTP's basic authentication."""
    decoded = [text]
    for run in re.findall(r"[A-Za-z0-9+/]{8,}={0,2}", text):
        with suppress(ValueError):
            decoded.append(b64decode(run).decode("utf-8", "replace"))
    return " ".join(decoded)


def causes_of(error: BaseException | None) -> str:
    """Return the texts of an error and of everything that led to it."""
    texts = []
    while error is not None:
        texts.append(repr(error))
        error = error.__cause__ or error.__context__
    return " ".join(texts)
