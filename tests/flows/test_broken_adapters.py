"""Adapters that raise anything, anywhere, or answer with what they should not."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.flows.hubs import Caller, Served, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, NoConfig, WireWebhooks, accept
from trunkline.sdk import (
    DeliveryStatus,
    InboundEvent,
    OutboundSms,
    Receipt,
    Received,
    Reported,
    RetryLater,
    WebhookReply,
    WebhookRequest,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTE: Final = "/webhooks/ann/sms"
NO_MEDIA: Final = [None, 5, "https://media.example/a.png", (None,), (b"https://a.example",)]
ANYTHING: Final = [
    *(RuntimeError, SystemExit, asyncio.CancelledError, GeneratorExit),
    *(KeyboardInterrupt, BaseException),
]


@pytest.fixture(scope="module", autouse=True)
def _however_often() -> Iterator[None]:
    """Let the hub ask an adapter that fails all the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trunkline.core.connections.breaker.FAILURES", 10_000)
        yield


@dataclass
class Breakable(WireWebhooks):
    """Does `doing` in `method`, and is sound elsewhere."""

    method: str = ""
    doing: Callable[[], Any] = object

    def _or_breaks(self, method: str, sound: Callable[[], Any]) -> Any:
        return self.doing() if method == self.method else sound()

    def claims(self, request: WebhookRequest) -> Any:
        return self._or_breaks("claims", lambda: super(Breakable, self).claims(request))

    def verify(self, request: WebhookRequest, config: NoConfig) -> Any:
        sound = super().verify
        return self._or_breaks("verify", lambda: sound(request, config))

    def parse(self, request: WebhookRequest) -> Any:
        return self._or_breaks("parse", lambda: super(Breakable, self).parse(request))

    def reply(self, request: WebhookRequest) -> Any:
        return self._or_breaks("reply", lambda: super(Breakable, self).reply(request))


@dataclass(frozen=True)
class Bench:
    """A hub on an adapter that breaks as a test wants it to."""

    hub: Served
    ann: Caller
    adapter: Breakable
    network: Network
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def tell(self, method: str, doing: Callable[[], Any]) -> tuple[int, list[str]]:
        """
        Deliver a new text while `method` breaks.

        Returns:
            The HTTP status, and how each event ended that was stored.
        """
        known = self.hub.count("inbound_events")
        self.adapter.method, self.adapter.doing = method, doing
        told = {"id": f"t{next(self.numbers)}", "from": BOB, "to": ALICE, "body": "hello"}
        response = await self.hub.client.post(ROUTE, json=told, headers={"x-wire": "yes"})
        self.adapter.method = ""
        rows = self.hub.rows("SELECT state FROM inbound_events ORDER BY id")[known:]
        return response.status_code, [row["state"] for row in rows]

    async def send(self, say: Callable[[], Any]) -> dict[str, Any]:
        """Send a new text while the provider does `say`, and return what is known of it then."""

        async def answer(sms: OutboundSms) -> Receipt:
            return say()  # type: ignore[no-any-return]

        self.network.answer = answer
        told = await self.ann.send(BOB, f"hello {next(self.numbers)}")
        self.network.answer = accept
        return await self.ann.status(told["messageId"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """One hub for all: whatever an adapter does, the next test finds it well."""
    adapter, network = Breakable(), Network()
    data_dir = tmp_path_factory.mktemp("hub")
    async with serve(data_dir, plugins=network.plugins(adapter), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        yield Bench(hub, ann, adapter, network)


def raising(error: BaseException | type[BaseException]) -> Callable[[], Any]:
    """Return a function that raises."""

    def fail() -> Any:
        raise error

    return fail


def text(**wrong: Any) -> list[InboundEvent]:
    """Return a text with something wrong about it."""
    right = {"external_id": "wrong", "provider_id": "wrong", "sender": BOB, "recipient": ALICE}
    return [Received(**{**right, "body": "hello", **wrong})]


def report(**wrong: Any) -> list[InboundEvent]:
    """Return a report with something wrong about it."""
    right = {"external_id": "wrong", "provider_id": "p1", "sender": ALICE, "vendor_status": "sent"}
    return [Reported(**{**right, "status": DeliveryStatus.SENT, **wrong})]


# --- webhooks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ANYTHING)
@pytest.mark.parametrize("method", ["claims", "verify"])
async def test_an_adapter_that_breaks_before_it_vouches_lets_nobody_in(
    bench: Bench, method: str, error: type[BaseException]
) -> None:
    assert await bench.tell(method, raising(error)) == (403, [])


@pytest.mark.parametrize("verdict", [True, False, 1, "ok"])
async def test_a_verdict_that_is_returned_instead_of_raised_opens_nothing(
    bench: Bench, verdict: object
) -> None:
    assert await bench.tell("verify", lambda: verdict) == (403, [])


@pytest.mark.both(slow=True)
@pytest.mark.parametrize(
    "doing",
    [
        *(raising(error) for error in ANYTHING),
        lambda: None,
        lambda: ["hello"],
        lambda: text(body=None),
        lambda: text(sender=None),
        lambda: text(external_id=None),
        lambda: text(provider_id={}),
        lambda: text(provider_id="\ud800"),
        *(lambda media=media: text(media=media) for media in NO_MEDIA),
        lambda: report(cost_micros="much"),
    ],
)
async def test_what_an_adapter_makes_nothing_of_is_kept_as_a_dead_letter(
    bench: Bench, doing: Callable[[], Any]
) -> None:
    assert await bench.tell("parse", doing) == (204, ["dead"])


@pytest.mark.parametrize("doing", [*(raising(error) for error in ANYTHING), lambda: "ok"])
async def test_what_is_stored_is_acknowledged_whatever_the_adapter_wants_to_say(
    bench: Bench, doing: Callable[[], Any]
) -> None:
    assert await bench.tell("reply", doing) == (204, ["handled"])


async def test_an_adapters_own_reply_is_what_the_provider_hears(bench: Bench) -> None:
    reply = WebhookReply(status=202, content_type="text/xml", body=b"<Response/>")

    assert await bench.tell("reply", lambda: reply) == (202, ["handled"])


# --- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ANYTHING)
async def test_an_adapter_that_breaks_over_a_send_leaves_the_outcome_unknown(
    bench: Bench, error: type[BaseException]
) -> None:
    assert (await bench.send(raising(error)))["status"] == "unknown"


@pytest.mark.both(slow=True)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        "p1",
        Receipt(provider_id=""),
        Receipt(provider_id={}),  # type: ignore[arg-type]
        Receipt(provider_id="p1", status="sent"),  # type: ignore[arg-type]
        Receipt(provider_id="p1", cost_micros="much"),  # type: ignore[arg-type]
        Receipt(provider_id="\ud800"),
    ],
)
async def test_an_answer_that_is_no_receipt_leaves_the_outcome_unknown(
    bench: Bench, answer: object
) -> None:
    assert (await bench.send(lambda: answer))["status"] == "unknown"


@pytest.mark.both(slow=True)
@pytest.mark.parametrize(
    "error",
    [
        RetryLater("Busy.", retry_after_s="soon"),  # type: ignore[arg-type]
        RetryLater("\ud800"),
        RetryLater("Busy.", provider_code={}),  # type: ignore[arg-type]
    ],
)
async def test_a_refusal_that_cannot_be_stored_leaves_the_outcome_unknown(
    bench: Bench, error: Exception
) -> None:
    assert (await bench.send(raising(error)))["status"] == "unknown"


async def test_nothing_an_adapter_did_has_harmed_the_hub(bench: Bench) -> None:
    assert (await bench.ann.send(BOB, "still here"))["status"] == "sent"
    assert (await bench.hub.client.get("/health/ready")).json()["status"] == "ready"


@pytest.mark.both(slow=True)
@pytest.mark.parametrize("wrong", [{"provider_id": object()}, {"media": None}])
async def test_a_stop_counts_although_its_text_cannot_be_stored(
    bench: Bench, wrong: dict[str, Any]
) -> None:
    status, states = await bench.tell("parse", lambda: text(**wrong, body="STOP"))
    suppressed = bench.hub.rows("SELECT address FROM suppressions")
    await bench.tell("parse", lambda: text(external_id=f"start {list(wrong)}", body="START"))

    assert status == 204
    assert states == ["dead"]
    assert [row["address"] for row in suppressed] == [BOB]
    assert bench.hub.count("suppressions") == 0
