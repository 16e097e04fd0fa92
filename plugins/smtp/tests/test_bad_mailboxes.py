"""Mails that come in by servers that drop, lie and dawdle: none lost, none twice, none made up."""

import time
import tracemalloc
from typing import Any

import pytest

from plugins.smtp.tests.badbox import HANG_UP, BadBox
from plugins.smtp.tests.listeners import Hub, mail
from plugins.smtp.tests.servers import scripted
from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    ReceivedEmail,
    RetryLater,
    SystemClock,
    Unreadable,
    Unsupported,
)
from trunkline_smtp import imap, listening


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(listening, "_LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr(listening, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(imap, "_CONNECT_S", 0.3)
    monkeypatch.setattr(imap, "_READ_S", 0.3)


class Pauses(SystemClock):
    """A clock that tells how long was waited."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        await super().sleep(seconds)


def hub_at(port: int, position: str = "7:0:1") -> Hub:
    return Hub(
        {
            "imap_host": "127.0.0.1",
            "imap_port": port,
            "imap_security": "none",
            "imap_user": "hub@example.com",
            "imap_password": "secret",
            "max_received_mb": 1,
        },
        position,
    )


def box_of(*numbers: int) -> BadBox:
    return BadBox({number: mail(number) for number in numbers})


async def heard(box: BadBox, events: int, **settings: object) -> list[object]:
    """Listen to a box until so many events came, and assert that nothing personal is logged."""
    async with box.up() as port:
        hub = hub_at(port)
        hub.settings = {**hub.settings, **settings}
        told = await hub.listen(events)
    logged = str(hub.log.events)
    assert not [word for word in ("@", "secret", "Rosa") if word in logged]
    return list(told)


def subjects(events: list[object]) -> list[str]:
    return [each.subject for each in events if isinstance(each, ReceivedEmail)]


STEPS = ["LOGIN", "EXAMINE", "CAPABILITY", "SEARCH", "LOOK", "FETCH", "IDLE"]
NONSENSE: list[bytes | None] = [
    HANG_UP,
    None,
    b"garbage\r\n",
    b"* BYE going down, Rosa\r\n",
    b"TAG BAD rosa@example.org\r\n",
    b"\x00\xff\r\n",
    b"* 1 FETCH (UID 1 BODY[] {9}\r\nabc",
    b"* 99999999999999999999 EXISTS\r\n* SEARCH x y z\r\nTAG NO what\r\n",
    b"* SEARCH 4294967295 0 -1 99999999999\r\n* 1 FETCH (\r\n)\r\nTAG BAD\r\n",
]


FAULTS = [
    (step, number)
    for step in STEPS
    for number, said in enumerate(NONSENSE)
    if step not in {"LOGIN", "EXAMINE"} or b"TAG NO" not in (said or b"")  # an operator's affair
]


@pytest.mark.parametrize(("step", "fault"), FAULTS)
async def test_what_breaks_at_a_step_costs_a_connection_and_no_mail(step: str, fault: int) -> None:
    box = box_of(1, 2)
    box.faults[step] = [NONSENSE[fault]]

    told = await heard(box, 2)

    assert subjects(told) == ["Nr. 1", "Nr. 2"]


@pytest.mark.parametrize("greeting", [b"", b"* BYE no\r\n", b"220 smtp\r\n", b"\xff" * 9 + b"\r\n"])
async def test_a_greeting_that_is_none_is_met_again_later(greeting: bytes) -> None:
    box = box_of(1)
    box.greeting = greeting
    async with box.up() as port:
        with pytest.raises(TimeoutError):
            await hub_at(port).listen(1, within_s=0.3)
        assert box.connections > 1
        assert box.commands == []


async def test_a_port_where_nobody_listens_is_tried_again_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "_LONGEST_PAUSE_S", 0.08)
    async with box_of().up() as port:
        pass
    hub = hub_at(port)
    hub.clock = clock = Pauses()
    with pytest.raises(TimeoutError):
        await hub.listen(1, within_s=0.4)
    pauses: list[Any] = [each.facts["again_in_s"] for each in hub.log.events]
    assert pauses[:6] == [0.01, 0.02, 0.04, 0.08, 0.08, 0.08]
    assert all(
        told / 2 <= slept <= told for told, slept in zip(pauses, clock.slept_s, strict=True)
    ), "by chance shorter, so that not all hubs come back at once"


async def test_listening_ends_without_waiting_for_a_server_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "_CONNECT_S", 10.0)
    box = box_of(1)
    box.greeting = None
    async with box.up() as port:
        begun_s = time.monotonic()
        with pytest.raises(TimeoutError):
            await hub_at(port).listen(1, within_s=0.2)
        assert time.monotonic() - begun_s < 8


async def test_a_mailbox_that_cannot_be_reached_is_told_by_verifying() -> None:
    async with box_of().up() as gone:
        pass
    hub = hub_at(gone)
    async with scripted({}) as (port, _):
        hub.settings = {**hub.settings, "port": port}
        async with hub.account() as account:
            with pytest.raises(RetryLater, match="mailbox") as caught:
                await account.verify()
    assert caught.value.unavailable


@pytest.mark.parametrize("code", [b"UNAVAILABLE", b"INUSE", b"LIMIT"])
async def test_a_refusal_that_goes_by_is_no_wrong_password(code: bytes) -> None:
    box = box_of(1)
    box.faults["LOGIN"] = [b"TAG NO [%s] later\r\n" % code]
    box.faults["EXAMINE"] = [b"TAG NO [%s] later\r\n" % code]

    assert subjects(await heard(box, 1)) == ["Nr. 1"]


@pytest.mark.parametrize(("step", "error"), [("LOGIN", AuthFailed), ("EXAMINE", NotSetUp)])
async def test_a_plain_refusal_is_an_operators_affair(
    step: str, error: type[AuthFailed] | type[NotSetUp]
) -> None:
    box = box_of(1)
    box.faults[step] = [b"TAG NO rosa@example.org is wrong\r\n"]

    with pytest.raises(error) as caught:
        await heard(box, 1)

    assert "@" not in str(caught.value)
    assert box.connections == 1


async def test_without_starttls_no_password_goes_out() -> None:
    box = box_of(1)
    with pytest.raises(NotSetUp, match="STARTTLS"):
        await heard(box, 1, imap_security="starttls")
    assert box.commands == ["CAPABILITY"]


async def test_who_is_greeted_as_known_sends_no_password_in_the_clear() -> None:
    box = box_of(1)
    box.greeting = b"* PREAUTH hello\r\n"
    box.capabilities = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n"
    async with box.up() as port:
        hub = hub_at(port)
        hub.settings = {**hub.settings, "imap_security": "starttls"}
        with pytest.raises(TimeoutError):
            await hub.listen(1, within_s=0.3)
    assert {each.split()[0] for each in box.commands} <= {"CAPABILITY", "LOGOUT"}


async def test_a_size_that_is_announced_is_not_believed() -> None:
    box = box_of(1, 2)
    box.body = lambda uid: b"BODY[] {4000000000}\r\nx" if uid == 1 else None
    tracemalloc.start()

    told = await heard(box, 2)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
    assert isinstance(told[0], Unreadable)
    assert "breaks" in told[0].reason
    assert subjects(told) == ["Nr. 2"]


async def test_a_mail_that_is_larger_than_its_server_says_is_not_read() -> None:
    box = box_of(1, 2)
    large = b"x" * 1_000_001
    box.size = lambda uid: 5
    box.body = lambda uid: b"BODY[] {1000001}\r\n" + large if uid == 1 else None

    told = await heard(box, 2)

    assert isinstance(told[0], Unreadable)
    assert "max_received_mb" in told[0].reason
    assert subjects(told) == ["Nr. 2"]


async def test_a_size_that_is_wrong_by_a_little_is_no_matter() -> None:
    box = box_of(1)
    box.size = lambda uid: 1

    assert subjects(await heard(box, 1)) == ["Nr. 1"]


async def test_a_server_that_talks_without_end_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "_SMALL_BYTES", 100_000)
    box = box_of(1)
    box.faults["SEARCH"] = [b"* OK and so on\r\n" * 20_000]

    assert subjects(await heard(box, 1)) == ["Nr. 1"]


@pytest.mark.parametrize("body", [b"BODY[] NIL", b'BODY[] ""', b"BODY[] {0}\r\n"])
async def test_a_mail_without_a_byte_is_told_of_as_unreadable(body: bytes) -> None:
    box = box_of(1, 2)
    box.body = lambda uid: body if uid == 1 else None

    told = await heard(box, 2)

    assert isinstance(told[0], Unreadable)
    assert subjects(told) == ["Nr. 2"]


async def test_a_mail_in_quotation_marks_is_read() -> None:
    box = box_of(1)
    box.body = lambda uid: b'BODY[]<0> "Subject: \\"quoted\\""'

    assert subjects(await heard(box, 1)) == ['"quoted"']


async def test_a_mail_that_is_listed_and_not_there_moves_nothing() -> None:
    box = box_of(1)
    box.faults["SEARCH"] = [b"* SEARCH 1\r\nTAG OK x\r\n", b"* SEARCH 4294967295\r\nTAG OK x\r\n"]

    async with box.up() as port:
        hub = hub_at(port)
        assert subjects(list(await hub.listen(1))) == ["Nr. 1"]
    assert hub.position is not None
    assert hub.position.startswith("7:1:")


async def test_a_mail_that_is_listed_for_ever_and_not_there_keeps_nobody_waiting() -> None:
    box = box_of(1)
    listed: list[bytes | None] = [b"* SEARCH 4294967295\r\nTAG OK x\r\n"] * 8
    box.faults["SEARCH"] = [b"* SEARCH 1\r\nTAG OK x\r\n", *listed]

    assert subjects(await heard(box, 1)) == ["Nr. 1"]


async def test_a_server_without_idle_is_asked_every_while() -> None:
    box = box_of(1)
    box.capabilities = b"* CAPABILITY IMAP4rev1\r\n"
    box.faults["SEARCH"] = [b"* SEARCH 1\r\nTAG OK x\r\n", b"* SEARCH\r\nTAG OK x\r\n"]

    assert subjects(await heard(box, 1)) == ["Nr. 1"]
    assert "NOOP" in box.commands


async def test_uids_that_start_anew_under_the_same_validity_are_noticed() -> None:
    box = box_of(1, 2)
    async with box.up() as port:
        hub = hub_at(port, position="7:50:1")
        told = await hub.listen(2)
    assert subjects(list(told)) == ["Nr. 1", "Nr. 2"]
    assert [each.event for each in hub.log.events] == ["imap.renumbered"]


async def test_a_connection_that_breaks_in_a_new_numbering_begins_it_again() -> None:
    box = box_of(1, 2, 3)
    box.validity = 8
    box.faults["FETCH"] = [b"* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK x\r\n", HANG_UP]
    async with box.up() as port:
        hub = hub_at(port)
        await hub.listen(2)
        assert hub.position == "7:0:1"
        await hub.listen(2)
    assert isinstance(hub.events[0], Unreadable)
    assert sorted(subjects(list(hub.events))) == ["Nr. 1", "Nr. 2", "Nr. 3"]


async def test_a_new_numbering_comes_to_an_end_though_the_connection_breaks_at_each_mail() -> None:
    box = box_of(*range(1, 9))
    box.validity = 8
    answers: list[bytes | None] = []
    for number in range(1, 9):
        said = mail(number)
        told = b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\nTAG OK x\r\n" % (
            number,
            len(said),
            said,
        )
        answers += [told, HANG_UP]
    box.faults["FETCH"] = answers
    async with box.up() as port:
        hub = hub_at(port)
        await hub.listen(8)
    assert subjects(list(hub.events)) == [f"Nr. {number}" for number in range(1, 9)]
    assert len([each for each in box.commands if "BODY.PEEK" in each]) < 20


async def test_without_an_imap_host_there_is_nothing_to_listen_to() -> None:
    with pytest.raises(Unsupported):
        await Hub({}).listen(0)
