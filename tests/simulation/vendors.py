"""Vendors of the three flavours: what each accepted, refused and reported is the truth of a run."""

import asyncio
import contextvars
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from tests.simulation.channels import SMS, Line
from tests.simulation.virtual import VirtualClock
from tests.simulation.weather import FAIR_WEATHER, STORM, Flavour, Weather
from trunkline.sdk import (
    AuthFailed,
    DeliveryStatus,
    Outbound,
    OutcomeUnknown,
    Receipt,
    Rejected,
    Report,
    RetryLater,
)

TIMEOUT_S: Final = 5.0
"""How long the hubs wait for an answer."""
ACCEPT_LATENCY_S: Final = 10.0
"""How long after that a vendor may still take what it was asked."""
WISHES: Final = (0.0, -1.0, 0.5, 3.0, 8.0, 20.0, math.nan, math.inf)
"""What vendors put into Retry-After."""


@dataclass(slots=True)
class Text:
    """A text that a vendor accepted: there is one effect for each."""

    provider_id: str
    attempt_id: str
    sender: str
    recipient: str
    body: str
    at: datetime
    status: DeliveryStatus = DeliveryStatus.SENT
    said: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Request:
    """Something a vendor was asked to send, whatever came of it."""

    attempt_id: str
    at_s: float
    wish_s: float | None = None  # the Retry-After that it answered with
    answered_s: float | None = None


Post = Callable[[str, str, dict[str, object]], None]
"""Posts a callback: to which path, from which vendor, and what."""


class Vendor:
    """
    One vendor. It lives outside of every hub: what reached it goes on when the hub dies.

    `weather` says how it takes the next requests, by weight.
    """

    def __init__(
        self,
        flavour: Flavour,
        chance: random.Random,
        strangers: random.Random,
        clock: VirtualClock,
        post: Post,
        note: Callable[..., None],
        script: Iterator[Weather],
        line: Line = SMS,
    ) -> None:
        self.flavour = flavour
        self.line = line
        self.mailbox: list[dict[str, object]] = []
        """What it tells whoever listens, in its order."""
        self.weather: dict[Weather, int] = FAIR_WEATHER
        self.latency_s = ACCEPT_LATENCY_S
        self.heard: Callable[[str], None] = lambda _: None
        """Told of each event that a listener has stored."""
        self.pending = 0
        """How much it will still do by itself."""
        self.ahead = timedelta(seconds=strangers.choice((-120, -30, 0, 0, 30, 120)))
        """How far its clock is ahead of everybody else's."""
        self.texts: list[Text] = []
        self.foreign: list[Text] = []
        """What another application of the account sent, between the same numbers."""
        self.requests: list[Request] = []
        self._by_key: dict[str, Text] = {}
        self._chance = chance
        self._strangers = strangers
        self._clock = clock
        self._post = post
        self._note = note
        self._script = script
        self._world = contextvars.copy_context()

    @property
    def is_listened_to(self) -> bool:
        """Tell whether it calls nobody when somebody writes."""
        return self.line.listens and self.flavour is Flavour.NONE

    def draw(self) -> Weather:
        """Return how the next request is taken."""
        written = next(self._script, None)
        if written is not None:
            return written
        return self._chance.choices(list(self.weather), weights=list(self.weather.values()))[0]

    def uniform(self, low: float, high: float) -> float:
        """Return a number by chance."""
        return self._chance.uniform(low, high)

    async def send(self, sms: Outbound) -> Receipt | None:
        """Take a request, as the weather is."""
        weather = self.draw()
        if self._strangers.random() < 0.2:  # whatever comes of ours
            self._write_another(sms)
        asked = Request(attempt_of(sms.status_url), self._clock.monotonic())
        self.requests.append(asked)
        self._note(f"{self.flavour} {weather.value}", asked.attempt_id)
        match weather:
            case Weather.FAIR:
                text = await self._accepted(sms, self.uniform(0.0, 1.0))
                await asyncio.sleep(self.uniform(0.0, 1.0))
                return Receipt(provider_id=text.provider_id)
            case Weather.SLOW:
                await self._accepted(sms, self.uniform(0.0, TIMEOUT_S))
                await asyncio.sleep(2 * TIMEOUT_S)
            case Weather.LATE:
                self._accept_in(sms, self.uniform(TIMEOUT_S, TIMEOUT_S + self.latency_s))
                await asyncio.sleep(2 * TIMEOUT_S)
            case Weather.DROPPED | Weather.BROKEN | Weather.SILLY:
                await self._accepted(sms, self.uniform(0.0, 1.0))
        if weather is Weather.BROKEN:
            raise KeyError("an adapter's mistake")
        if weather is Weather.SILLY:
            return None
        await asyncio.sleep(self.uniform(0.0, 0.5))
        raise self._refusal(weather, asked)

    async def listed(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        """Tell of the texts between two numbers."""
        if self.weather is STORM and self.uniform(0, 1) < 0.3:
            await asyncio.sleep(self.uniform(0.0, 2 * TIMEOUT_S))
            raise RetryLater("Try again.")
        await asyncio.sleep(self.uniform(0.0, 0.5))
        found = [
            Report(
                provider_id=text.provider_id,
                sender=text.sender,
                recipient=text.recipient,
                status=text.status,
                vendor_status=text.status.value,
                body=text.body,
                created_at=text.at,
            )
            for text in (*self.texts, *self.foreign)
            if (text.sender, text.recipient) == (sender, recipient) and text.at >= since
        ]
        for report in found:
            self._text(report.provider_id).said.add(report.vendor_status)
        await asyncio.sleep(self.uniform(0.0, 0.5))
        return found

    def _text(self, provider_id: str) -> Text:
        known = (*self.texts, *self.foreign)
        return next(text for text in known if text.provider_id == provider_id)

    def _refusal(self, weather: Weather, asked: Request) -> Exception:
        if weather is Weather.BUSY:
            asked.wish_s = self._chance.choice(WISHES)
            asked.answered_s = self._clock.monotonic()
            return RetryLater("Too many requests.", retry_after_s=asked.wish_s)
        if weather is Weather.AWAY:
            return RetryLater("In maintenance.", retry_after_s=2.0, unavailable=True)
        if weather is Weather.REFUSED:
            code = self.line.refusal[0] if self.line.refusal else None
            return Rejected("This number does not exist.", provider_code=code)
        if weather is Weather.LOCKED:
            return AuthFailed("The account is locked.")
        return OutcomeUnknown("The connection broke.")

    async def _accepted(self, sms: Outbound, after_s: float) -> Text:
        taken: asyncio.Future[Text] = asyncio.get_running_loop().create_future()
        self._accept_in(sms, after_s, taken)
        return await taken

    def _accept_in(
        self, sms: Outbound, seconds: float, taken: "asyncio.Future[Text] | None" = None
    ) -> None:
        self._later(seconds, self._accept, sms, taken)

    def _later(self, seconds: float, do: Callable[..., None], *what: object) -> None:
        """Do something after a while, whoever is dead by then."""
        self.pending += 1
        asyncio.get_running_loop().call_later(seconds, self._now, do, what, context=self._world)

    def _now(self, do: Callable[..., None], what: tuple[object, ...]) -> None:
        self.pending -= 1
        do(*what)

    def _accept(self, sms: Outbound, taken: "asyncio.Future[Text] | None") -> None:
        text = self._by_key.get(sms.idempotency_key) if self.flavour is Flavour.KEY else None
        if text is None:
            text = Text(
                provider_id=f"{self.flavour}-{len(self.texts)}",
                attempt_id=attempt_of(sms.status_url),
                sender=sms.sender,
                recipient=sms.recipient,
                body=sms.body,
                at=self._clock.now() + self.ahead,
            )
            self._by_key[sms.idempotency_key] = text
            self.texts.append(text)
            self._note("accepted", text.provider_id, text.attempt_id)
            self._report_on(text, sms.status_url)
        text.said.add(DeliveryStatus.SENT)
        if taken is not None and not taken.done():
            taken.set_result(text)

    def _write_another(self, sms: Outbound) -> None:
        """Let another application of the account write to the same person, with other words."""
        self.foreign.append(
            Text(
                provider_id=f"foreign-{self.flavour}-{len(self.foreign)}",
                attempt_id="",
                sender=sms.sender,
                recipient=sms.recipient,
                body="Your parcel has come.",
                at=self._clock.now() + self.ahead,
                status=DeliveryStatus.DELIVERED,
            )
        )

    def _report_on(self, text: Text, status_url: str | None) -> None:
        """Let reports come: of each as many as the network likes, in any order."""
        if status_url is None:
            return
        final = self._chance.choices(
            [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, None], weights=[6, 1, 2]
        )[0]
        for status in (DeliveryStatus.SENT, final):
            if status is None or self.uniform(0, 1) < 0.1:
                continue
            for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
                wait_s = self._chance.choice((0.0, 0.3, 2.0, 12.0)) * self.uniform(0, 1)
                self._later(wait_s, self._report, text, status, status_url)

    def _report(self, text: Text, status: DeliveryStatus, status_url: str) -> None:
        if text.status is DeliveryStatus.SENT:
            text.status = status
        text.said.add(status)
        path, _, _ = status_url.partition("?")
        self._post(
            path if self._strangers.random() < 0.25 else status_url,  # some go by the account's URL
            self.flavour,
            {
                "kind": "status",
                "event": f"{text.provider_id}-{status}",
                "id": text.provider_id,
                "sender": text.sender,
                "status": status,
                "code": self.line.bounce[0] if self.line.bounce else None,
            },
        )


def attempt_of(status_url: str | None) -> str:
    """Return the attempt that a status URL names."""
    return urlsplit(status_url or "").query.removeprefix("attempt=")


def honoured_s(wish_s: float) -> float:
    """Return how long a hub must wait at least, by the wish in a Retry-After."""
    return min(wish_s, 900.0) if wish_s > 0 else 0.0  # NaN is no wish


def since_start(at: datetime, start: datetime) -> float:
    """Return the seconds between two times."""
    return (at - start) / timedelta(seconds=1)
