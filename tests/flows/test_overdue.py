"""What a provider took and never reported on is looked up once, and then flagged."""

from functools import partial
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.pairs import PAIR, Scripted, side_by_side, tell
from trunkline.core.settlement import overdue
from trunkline.sdk import Capability, DeliveryStatus, OutcomeUnknown, Report

__all__ = ["clock"]

pytestmark = pytest.mark.both(slow=True)

WITHIN_S = 600
TOML = f"""
{PAIR}
[messages]
final_within_s = {WITHIN_S}
"""
LOOKUP = frozenset({Capability.SMS_SEND, Capability.LOOKUP_BY_ID})


class Oracle(Scripted):
    """A network that answers questions as it is told to."""

    says: DeliveryStatus | Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[str] = []

    async def fetch(self, provider_id: str) -> Report | None:
        self.questions.append(provider_id)
        if isinstance(self.says, Exception):
            raise self.says
        if self.says is None:
            return None
        return Report(
            provider_id=provider_id,
            sender=ALICE,
            recipient=BOB,
            status=self.says,
            vendor_status=self.says.value,
            cost_micros=7_500,
            currency="USD",
        )


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.02)


async def flags(hub: Served) -> list[str | None]:
    """Return the flags of all messages, the first first."""
    return [row["flag"] for row in hub.rows("SELECT flag FROM messages ORDER BY id")]


async def flagged(hub: Served) -> list[str | None]:
    """Return them once there is one."""
    found: list[str | None] = await hub.until(partial(flags, hub), any)
    return found


async def still(hub: Served) -> list[str | None]:
    """Return them once housekeeping had its time."""
    await keep_still()
    return await flags(hub)


@pytest.mark.parametrize("says", ["delivered", "failed"])
async def test_a_look_up_ends_what_nobody_reported_on(
    start_hub: StartHub, clock: Ahead, says: str
) -> None:
    one = Oracle()
    one.says = DeliveryStatus(says)
    plugins = side_by_side(one, names="one", capabilities=LOOKUP)
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        clock.travel(WITHIN_S - 10)
        await keep_still()
        early = list(one.questions)
        clock.travel(20)
        traced = await hub.until_status(ann, sent["messageId"], says)
        ended = await still(hub)

    assert (early, one.questions, ended) == ([], ["one-1"], [None])
    assert traced["history"][-1]["evidence"] == {"source": "lookup"}
    assert (traced["cost"], traced["costFinal"]) == (0.0075, True)


@pytest.mark.parametrize(
    "says", [DeliveryStatus.SENT, None, OutcomeUnknown("No answer."), RuntimeError("odd")]
)
async def test_what_a_look_up_does_not_end_is_flagged_once(
    start_hub: StartHub, clock: Ahead, says: Any
) -> None:
    one = Oracle()
    one.says = says
    plugins = side_by_side(one, names="one", capabilities=LOOKUP)
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        clock.travel(WITHIN_S + 10)
        first = await flagged(hub)
        clock.travel(WITHIN_S)
        again = await still(hub)
        traced = await ann.status(sent["messageId"])

    assert (first, again) == (["no_final_status"], ["no_final_status"])
    assert (traced["status"], traced["flag"]) == ("sent", "no_final_status")
    assert len(one.questions) == 1


async def test_a_late_report_takes_the_flag_away(start_hub: StartHub, clock: Ahead) -> None:
    one = Scripted()
    plugins = side_by_side(one, names="one")
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        clock.travel(WITHIN_S + 10)
        before = await flagged(hub)
        await tell(hub, "one", one.asked[0].status_url, id="one-1", status="delivered")
        after = await ann.status(sent["messageId"])

    assert (before, after["status"], after.get("flag")) == (["no_final_status"], "delivered", None)


async def test_where_nobody_ever_reports_silence_is_no_reason_to_look(
    start_hub: StartHub, clock: Ahead
) -> None:
    only_sends = frozenset({Capability.SMS_SEND})
    plugins = side_by_side(Scripted(), names="one", capabilities=only_sends)
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        clock.travel(WITHIN_S + 10)
        unflagged = await still(hub)

    assert unflagged == [None]


async def test_a_text_sent_late_has_its_time_from_then(start_hub: StartHub, clock: Ahead) -> None:
    one = Scripted()
    plugins = side_by_side(one, names="one")
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        at = clock.now().replace(microsecond=0)
        later = await ann.send(BOB, "later", sendAt=f"{at:%Y-%m-%dT}23:59:59Z")
        clock.travel((at.replace(hour=23, minute=59, second=59) - at).total_seconds() + 2)
        await hub.until_status(ann, later["messageId"], "sent")
        clock.travel(WITHIN_S - 10)
        early = await still(hub)
        clock.travel(20)
        late = await flagged(hub)

    assert (early, late) == ([None], ["no_final_status"])


async def test_a_sweep_asks_so_much_and_the_next_one_goes_on(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue, "_BATCH", 3)
    monkeypatch.setattr(overdue, "QUESTIONS", 4)
    one = Oracle()
    one.says = DeliveryStatus.DELIVERED
    plugins = side_by_side(one, names="one", capabilities=LOOKUP)
    asked: list[int] = []
    ask = overdue.Overdue.sweep

    async def counting(self: overdue.Overdue) -> None:
        before = len(one.questions)
        await ask(self)
        asked.append(len(one.questions) - before)

    monkeypatch.setattr(overdue.Overdue, "sweep", counting)
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(11):
            await ann.send(BOB, f"text {number}")
        clock.travel(WITHIN_S + 10)

        async def undelivered() -> int:
            rows = hub.rows("SELECT count(*) AS n FROM messages WHERE status = 'sent'")
            return int(rows[0]["n"])

        await hub.until(undelivered, lambda count: count == 0)

    assert len(one.questions) == len(set(one.questions)) == 11
    assert [count for count in asked if count] == [6, 5]


async def test_what_another_hub_looks_at_is_left_to_it_for_a_while(
    start_hub: StartHub, clock: Ahead
) -> None:
    one = Oracle()
    one.says = DeliveryStatus.DELIVERED
    plugins = side_by_side(one, names="one", capabilities=LOOKUP)
    async with start_hub(plugins=plugins, toml=TOML, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        clock.travel(WITHIN_S + 10)
        await hub.until_status(ann, sent["messageId"], "delivered")
        questions = len(one.questions)
        until = clock.now() + overdue._LEASE
        lease = f"att_ {until.isoformat()}"

        async def mark() -> object:  # a sweep that had begun before may write over it once
            where = "WHERE name = 'overdue'"
            await hub.change(f"UPDATE engine_marks SET value = :value {where}", value=lease)
            await keep_still()
            (row,) = hub.rows(f"SELECT value FROM engine_marks {where}")
            return row["value"]

        await hub.until(mark, lambda value: value == lease)
        await hub.change("UPDATE messages SET status = 'sent'")
        await keep_still()
        left = len(one.questions)
        clock.travel(overdue._LEASE.total_seconds() + 1)
        await hub.until_status(ann, sent["messageId"], "delivered")

    assert (questions, left, len(one.questions)) == (1, 1, 2)
