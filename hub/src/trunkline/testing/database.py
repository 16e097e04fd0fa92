"""What every database adapter must do, whoever wrote it. It needs SQLAlchemy, as they do."""

import asyncio
import traceback
from dataclasses import replace

import pytest

from trunkline.sdk import Database, DatabaseFailed, NotConfigured, Note, Overloaded, Tx
from trunkline.testing.reads import BaseReadConformance
from trunkline.testing.transactions import (
    Place,
    create,
    fails,
    ids,
    insert,
    then,
    together,
)

__all__ = ["BaseDatabaseConformance", "Place"]

_PASSWORD = "hunter2"


class BaseDatabaseConformance(BaseReadConformance):
    """
    Subclass it as ``TestXxx``, name your spec, and these tests run against your adapter.

    They need a fixture ``url`` of yours: the URL of an empty database, a new one for each test. A
    relative URL of an embedded database lies in the test's own data directory.

    Attributes:
        spec: The spec that your plugin offers.
        known_gaps: As in `BaseConformance`.
        timeout_s: How long a test may take, in seconds.
    """

    # --- opening and closing ----------------------------------------------------------------------

    def test_what_was_stored_is_there_by_every_scheme_after_opening_again(
        self, place: Place
    ) -> None:
        self.play(place, lambda db: db.write(insert(1)))
        _, colon, rest = place.url.partition(":")

        for scheme in self.spec.schemes:
            again = replace(place, url=f"{scheme}{colon}{rest}")
            assert self.play(again, lambda db: db.read(ids)) == [1]

    def test_closing_first_stores_what_waits_and_then_refuses(self, place: Place) -> None:
        async def scenario() -> None:
            async with self.open(place) as db:
                await db.write(create)
                keyed = [asyncio.create_task(db.write(insert(n), key="k")) for n in range(20)]
                writes = [asyncio.create_task(db.write(insert(n))) for n in range(20, 60)]
                await asyncio.sleep(0)
            assert await asyncio.gather(*keyed, *writes) == list(range(60))
            with pytest.raises(DatabaseFailed):
                await db.write(insert(60))
            async with self.open(place) as again:
                assert await again.read(ids) == list(range(60))

        asyncio.run(asyncio.wait_for(scenario(), self.timeout_s))

    def test_a_url_that_will_not_do_is_refused_without_showing_its_password(
        self, place: Place
    ) -> None:
        async def scenario(url: str) -> None:
            async with self.open(replace(place, url=url)):
                pass

        for scheme in self.spec.schemes:
            with pytest.raises((NotConfigured, DatabaseFailed)) as refused:
                asyncio.run(scenario(f"{scheme}://hub:/{_PASSWORD}@[nowhere/?no=such"))

            assert _PASSWORD not in "".join(traceback.format_exception(refused.value))

    def test_a_server_leaves_the_data_directory_alone(self, place: Place) -> None:
        if self.spec.embedded:
            pytest.skip(f"{self.spec.name} lies in it")

        self.play(place, lambda db: db.write(insert(1)))

        assert list(place.data_dir.iterdir()) == []

    # --- notes ------------------------------------------------------------------------------------

    def test_a_note_arrives_when_its_row_can_be_read(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            async def listen() -> tuple[Note, list[int]]:
                async with db.listen("rows") as notes:
                    entered.set()
                    return await anext(notes), await db.read(ids)

            entered = asyncio.Event()
            listener = asyncio.create_task(listen())
            await entered.wait()
            await db.write(insert(1))
            assert await listener == (Note("rows", "1"), [1])

        self.play(place, scenario)

    def test_every_listener_of_a_topic_hears_what_was_committed_and_in_order(
        self, place: Place
    ) -> None:
        def other_topic(tx: Tx) -> None:
            tx.notify("others", "1")

        async def scenario(db: Database) -> None:
            async with db.listen("rows") as notes, db.listen("rows") as twin:
                for fn in (insert(1), other_topic, then(insert(9), fails), insert(2), insert(3)):
                    await together(db, fn)
                for feed in (notes, twin):
                    assert [(await anext(feed)).id for _ in range(3)] == ["1", "2", "3"]

        self.play(place, scenario)

    def test_a_listener_that_falls_behind_misses_nothing_unaware(self, place: Place) -> None:
        told = [str(number) for number in range(20_000)]

        def tell(tx: Tx) -> None:
            for each in told:
                tx.notify("many", each)

        async def scenario(db: Database) -> None:
            async with db.listen("many") as notes, db.listen("rows") as others:
                await db.write(tell)
                await db.write(insert(1))
                assert (await anext(others)).id == "1"
                try:
                    for each in told:
                        assert (await anext(notes)).id == each
                except Overloaded:
                    with pytest.raises(Overloaded):  # for good, not with a gap
                        await anext(notes)

        self.play(place, scenario)

    def test_closing_ends_every_listener_after_its_last_note(self, place: Place) -> None:
        async def scenario() -> None:
            async def listen(db: Database) -> list[str]:
                async with db.listen("rows") as notes:
                    entered.set()
                    return [note.id async for note in notes]

            entered = asyncio.Event()
            async with self.open(place) as db:
                await db.write(create)
                listener = asyncio.create_task(listen(db))
                await entered.wait()
                waiting = asyncio.create_task(db.write(insert(1)))
                await asyncio.sleep(0)
            assert await listener == ["1"]
            assert await waiting == 1

        asyncio.run(asyncio.wait_for(scenario(), self.timeout_s))

    def test_a_note_arrives_in_every_hub_on_a_server(self, place: Place) -> None:
        if self.spec.embedded:
            pytest.skip(f"{self.spec.name} serves one hub")

        async def scenario(db: Database) -> None:
            async with (
                self.open(place) as other,
                db.listen("rows") as here,
                other.listen("rows") as there,
            ):
                await other.write(insert(1))
                await db.write(insert(2))
                for feed in (here, there):
                    assert [(await anext(feed)).id for _ in range(2)] == ["1", "2"]

        self.play(place, scenario)
