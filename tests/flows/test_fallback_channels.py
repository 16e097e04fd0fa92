"""The next connection of a slot takes what the first surely has not, on every channel alike."""

import pytest

from tests.flows.carriers import CHANNELS, TEMPLATES, Side, side
from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Served, StartHub
from tests.flows.pairs import AWAY, BUSY, LOST
from tests.flows.test_doctor import examined
from tests.flows.test_telling_operators import lines
from trunkline.sdk import AuthFailed, NotSetUp, OutOfCredit, ProviderError, Rejected

__all__ = ["clock"]

REFUSED = AuthFailed("The key is refused.")
UNPAID = OutOfCredit("The account is empty.")
UNREADY = NotSetUp("The sender is not verified.")


@pytest.fixture(params=CHANNELS)
def both(request: pytest.FixtureRequest) -> Side:
    """Two connections of each channel in turn."""
    return side(request.param)


def ends(hub: Served) -> list[tuple[str, str]]:
    """Return each attempt's connection and end, in their order."""
    rows = hub.rows("SELECT connection, state FROM message_attempts ORDER BY id")
    return [(row["connection"], row["state"]) for row in rows]


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (REFUSED, "credentials_refused"),
        (UNPAID, "out_of_credit"),
        (AWAY, "unreachable"),
        (UNREADY, None),
        (BUSY, None),
    ],
)
async def test_what_the_first_cannot_take_the_next_does_and_an_operator_hears_of_it(
    start_hub: StartHub,
    capfd: pytest.CaptureFixture[str],
    both: Side,
    error: ProviderError,
    trouble: str | None,
) -> None:
    both.one.script = [error]
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        ann = await both.ann(hub)
        sent = await both.send(ann)
        again = await both.send(ann)
        (switched,) = lines(capfd, "message.switched_provider")
        verdict, told = (await examined(hub))[f"connection one ({CHANNELS[both.channel]})"]
        ready = (await (await hub.admin()).get("/health/ready")).json()
        metrics = (await (await hub.admin()).get("/metrics")).text
        made = ends(hub)

    assert (sent["status"], sent["provider"]) == ("sent", "two"), sent
    assert sent["reason"] == f"Sent by 'two', not by 'one': {error}"
    assert (again["messageId"], again["replayed"]) == (sent["messageId"], True)
    assert made == [("one", "failed"), ("two", "sent")]
    assert (switched["level"], switched["before"], switched["after"]) == ("warning", "one", "two")
    assert 'comms_failovers_total{from="one",to="two"} 1.0' in metrics
    if trouble is not None:
        assert (verdict, ready["providers"]["one"]) == ("bad", "error")
        assert str(error) in told
        assert f'comms_connection_trouble{{connection="one",trouble="{trouble}"}} 1.0' in metrics
    assert [len(each.taken) for each in (both.one, both.two)] == [0, 1]


async def test_what_the_first_may_have_taken_never_goes_through_the_other(
    start_hub: StartHub, both: Side, clock: Ahead
) -> None:
    both.one.script = [LOST, REFUSED, REFUSED]
    async with start_hub(plugins=both.plugins(), toml=both.toml, clock=clock) as hub:
        ann = await both.ann(hub)
        answer = await both.send(ann)
        for _ in range(4):
            clock.travel(400)
            await keep_still()
        traced = await ann.status(answer["messageId"])

    assert (answer["status"], traced["status"]) == ("unknown", "unknown")
    assert (len(both.one.asked), both.two.asked) == (1, [])


async def test_what_the_first_refuses_for_its_content_is_not_tried_elsewhere(
    start_hub: StartHub, both: Side
) -> None:
    both.one.script = [Rejected("No.")]
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        answer = await both.send(await both.ann(hub))

    assert (answer["code"], both.two.asked) == ("provider_rejected", [])


async def test_while_the_first_is_left_alone_it_is_not_even_asked(
    start_hub: StartHub, both: Side
) -> None:
    both.one.script = [AWAY] * 5
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        ann = await both.ann(hub)
        for number in range(6):
            sent = await both.send(ann, f"text {number}")

    assert sent["reason"].startswith("Sent by 'two', not by 'one': The provider of 'one' is in")
    assert (len(both.one.asked), len(both.two.taken)) == (5, 6)


# --- when the one that stands in is in trouble as well --------------------------------------------


async def test_when_both_are_refused_it_fails_at_once_by_what_the_last_said(
    start_hub: StartHub, both: Side
) -> None:
    both.one.script, both.two.script = [REFUSED], [UNPAID]
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        answer = await both.send(await both.ann(hub))
        made = ends(hub)

    assert (answer["code"], made) == ("provider_credit", [("one", "failed"), ("two", "failed")])


async def test_a_stand_in_that_is_refused_fails_nothing_that_the_first_can_take_later(
    start_hub: StartHub, both: Side, clock: Ahead
) -> None:
    both.one.script, both.two.script = [BUSY], [REFUSED]
    async with start_hub(plugins=both.plugins(), toml=both.toml, clock=clock) as hub:
        ann = await both.ann(hub)
        answer = await both.send(ann)
        clock.travel(70)
        await hub.until_status(ann, answer["messageId"], "sent")
        made = ends(hub)

    assert answer["status"] == "queued"
    assert answer["reason"].startswith(str(REFUSED))
    assert made == [("one", "failed"), ("two", "failed"), ("one", "sent")]


async def test_a_stand_in_that_is_refused_fails_nothing_while_the_first_is_left_alone(
    start_hub: StartHub, both: Side, clock: Ahead
) -> None:
    both.one.script, both.two.script = [AWAY] * 5, [BUSY] * 5 + [REFUSED]
    async with start_hub(plugins=both.plugins(), toml=both.toml, clock=clock) as hub:
        ann = await both.ann(hub)
        for number in range(6):
            answer = await both.send(ann, f"text {number}")

    assert answer["status"] == "queued"
    assert answer["reason"].startswith(str(REFUSED))
    assert len(both.one.asked) == 5


# --- what only one of them knows ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "end"), [([BUSY], "sent"), ([BUSY, REFUSED], "failed"), ([REFUSED], "failed")]
)
async def test_a_template_is_its_providers_and_goes_through_no_other(
    start_hub: StartHub, clock: Ahead, script: list[Exception], end: str
) -> None:
    both = side("whatsapp", one=TEMPLATES, two=TEMPLATES)
    both.one.script = [*script]
    async with start_hub(plugins=both.plugins(), toml=both.toml, clock=clock) as hub:
        ann = await both.ann(hub)
        answer = await both.send(ann, "", templateId="HX1", templateVars={"1": "Bob"})
        clock.travel(70)
        await hub.until_status(ann, answer["messageId"], end)

    assert both.two.asked == []


async def test_a_message_is_quoted_only_to_the_one_that_brought_it(start_hub: StartHub) -> None:
    both = side("whatsapp")
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        ann = await both.ann(hub)
        (came,) = await ann.inbox()
        await both.send(ann, "first", replyTo=came["id"])
        both.one.script = [REFUSED]
        await both.send(ann, "second", replyTo=came["id"])

    (quoting,), (plain,) = both.one.taken, both.two.taken
    assert (quoting.quoted_id, plain.quoted_id) == ("in-1", None)  # type: ignore[attr-defined]


async def test_an_agents_own_connection_serves_it_instead_of_the_slots_and_has_no_stand_in(
    start_hub: StartHub, both: Side
) -> None:
    both.two.script = [AWAY]
    name = (
        CHANNELS[both.channel] if both.channel == "sms" else f"{CHANNELS[both.channel]}_connection"
    )
    async with start_hub(plugins=both.plugins(), toml=both.toml) as hub:
        ann = await both.ann(hub)
        shown = await hub.local("agents_set", id="ann", values={name: "two"})
        sent = await both.send(ann)
        await hub.local("agents_set", id="ann", values={name: None})
        after = await both.send(ann, "hello again")

    assert shown["connections"] == {CHANNELS[both.channel]: "two"}
    assert (sent["status"], sent["provider"]) == ("queued", "two")
    assert (after["status"], after["provider"]) == ("sent", "one")
