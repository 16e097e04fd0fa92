"""The suppression list: who closes what to whom, and what opens it again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.core.compliance import repository
from trunkline.core.compliance.repository import Why
from trunkline.db.migrate import upgrade
from trunkline.sdk import Database, Tx

ANN, BEN, PERSON = "+12025550101", "+12025550102", "+14155552671"
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture
async def ledger(db: Database) -> Database:
    """A migrated database."""
    await db.write(upgrade)
    return db


def by_provider(
    sender: str, address: str = PERSON, row_id: str = "row_1", why: Why = Why.OPTED_OUT
) -> Callable[[Tx], None]:
    """Close an address to a sender as its provider told."""

    def close(tx: Tx) -> None:
        repository.suppress_by_provider(
            tx, "default", row_id, sender=sender, address=address, why=why, event_id=None, now=NOW
        )

    return close


async def closed_to(db: Database, address: str = PERSON) -> list[str]:
    """Return to which of the workspace's senders an address is closed."""

    def find(tx: Tx) -> list[str]:
        return [
            sender
            for sender in (ANN, BEN)
            if repository.suppressed("default", address, sender, "").ask(tx)
        ]

    return await db.write(find)


async def test_case_c4_what_a_provider_tells_closes_a_number_to_that_sender(
    ledger: Database,
) -> None:
    await ledger.write(by_provider(ANN))

    assert await closed_to(ledger) == [ANN]


async def test_case_c4_told_twice_it_is_closed_once(ledger: Database) -> None:
    await ledger.write(by_provider(ANN))
    await ledger.write(by_provider(ANN, row_id="row_2"))
    await ledger.write(by_provider(BEN, row_id="row_3"))

    assert await closed_to(ledger) == [ANN, BEN]


async def test_case_c4_start_opens_it_to_the_sender_that_it_was_written_to(
    ledger: Database,
) -> None:
    await ledger.write(by_provider(ANN))
    await ledger.write(by_provider(BEN, row_id="row_2"))
    await ledger.write(lambda tx: repository.lift(tx, "default", PERSON, ANN, erased=""))

    assert await closed_to(ledger) == [BEN]


async def test_case_c4_start_opens_nothing_that_was_closed_since(ledger: Database) -> None:
    before = NOW - timedelta(minutes=1)
    await ledger.write(by_provider(ANN))
    await ledger.write(lambda tx: repository.lift(tx, "default", PERSON, ANN, before, erased=""))

    assert await closed_to(ledger) == [ANN]


async def test_a_stop_closes_a_number_to_every_sender_and_start_to_any_opens_it(
    ledger: Database,
) -> None:
    await ledger.write(
        lambda tx: repository.suppress_by_stop(tx, "default", "row_1", PERSON, "evt_1", NOW)
    )
    closed = await closed_to(ledger)
    await ledger.write(lambda tx: repository.lift(tx, "default", PERSON, BEN, erased=""))

    assert (closed, await closed_to(ledger)) == ([ANN, BEN], [])


async def test_case_b2_a_number_is_closed_however_it_is_spelt(ledger: Database) -> None:
    await ledger.write(by_provider(ANN, "+5215512345678"))

    assert await closed_to(ledger, "+525512345678") == [ANN]
    assert await closed_to(ledger, "+5215512345678") == [ANN]


async def test_who_complains_after_a_bounce_has_wished_for_it(ledger: Database) -> None:
    found = []
    for why in (Why.BOUNCED, Why.COMPLAINED, Why.BOUNCED):
        await ledger.write(by_provider(ANN, "gone@people.example", why=why))
        asked = repository.suppressed("default", "gone@people.example", ANN, "")
        found.append(await ledger.read(asked.ask))

    assert found == [Why.BOUNCED, Why.COMPLAINED, Why.COMPLAINED]
