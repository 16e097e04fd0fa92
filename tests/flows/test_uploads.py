"""Media that agents store: sent as they are read, sealed, and read again by who may."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import ANN, BEN, Caller, Served, StartHub
from tests.flows.stores import PNG, STORED, Store, storing
from trunkline.core.media import pictures, service
from trunkline.core.media import stores as spools
from trunkline.loading import load_plugins
from trunkline.sdk import NotSetUp, RetryLater

__all__ = ["clock"]


@pytest.fixture
def stores() -> tuple[Store, Store]:
    return Store("one"), Store("two")


@pytest.fixture
async def hub(
    start_hub: StartHub, stores: tuple[Store, Store], clock: Ahead
) -> AsyncIterator[Served]:
    async with start_hub(toml=STORED, plugins=storing(*stores), clock=clock) as served:
        yield served


@pytest.fixture
async def ann(hub: Served) -> Caller:
    return await hub.agent("ann", ANN)


async def upload(
    caller: Caller, content: object, content_type: str | None = None, query: str = ""
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {caller.token}"}
    if content_type:
        headers["Content-Type"] = content_type
    return await caller.client.post(
        f"/api/v1/media{query}",
        content=content,  # type: ignore[arg-type]
        headers=headers,
    )


async def in_pieces(size: int, whole: int) -> AsyncIterator[bytes]:
    for _ in range(whole // size):
        yield bytes(size)


async def test_what_is_stored_is_read_again_by_its_owner_alone(
    hub: Served, ann: Caller, stores: tuple[Store, Store]
) -> None:
    ben = await hub.agent("ben", BEN)
    answer = await upload(ann, PNG, "image/png", "?name=photos/c%C3%A4t.png")
    stored = answer.json()

    assert answer.status_code == 201, answer.text
    assert (stored["type"], stored["bytes"], stored["state"]) == ("image/png", len(PNG), "stored")
    assert stored["name"] == "cät.png"
    path = f"/api/v1/media/{stored['id']}"
    read = await ann.get(path)
    assert (read.status_code, read.content) == (200, PNG)
    assert read.headers["content-type"] == "image/png"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in read.headers["content-security-policy"]
    assert read.headers["content-disposition"] == "inline; filename*=UTF-8''c%C3%A4t.png"
    assert (await ben.get(path)).json()["code"] == "not_found"
    assert (await ben.get(f"{path}/info")).status_code == 404
    (whole,) = stores[0].objects.values()
    assert PNG[:16] not in whole
    assert not any(b"c\xc3\xa4t" in row["sealed"] for row in hub.rows("SELECT sealed FROM media"))


async def test_a_link_gives_the_bytes_for_a_while_and_in_parts(
    hub: Served, ann: Caller, clock: Ahead
) -> None:
    stored = (await upload(ann, PNG)).json()
    url = (await ann.get(f"/api/v1/media/{stored['id']}/info")).json()["url"]
    stranger = hub.client

    whole = await stranger.get(url)
    assert (whole.status_code, whole.content) == (200, PNG)
    assert "set-cookie" not in whole.headers
    part = await stranger.get(url, headers={"Range": "bytes=8-11"})
    assert (part.status_code, part.content) == (206, PNG[8:12])
    assert part.headers["content-range"] == f"bytes 8-11/{len(PNG)}"
    assert (await stranger.get(url, headers={"Range": "Bytes=-4"})).content == PNG[-4:]
    beyond = await stranger.get(url, headers={"Range": "bytes=999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PNG)}")
    head = await stranger.head(url)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PNG)))
    changed = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert (await stranger.get(changed)).status_code == 404
    clock.travel(901)
    late = await stranger.get(url)
    assert (late.status_code, late.json()["code"]) == (410, "expired_link")


async def test_a_part_is_given_only_where_it_is_asked_for_of_what_is_there_now(
    hub: Served, ann: Caller
) -> None:
    stored = (await upload(ann, PNG)).json()
    url = (await ann.get(f"/api/v1/media/{stored['id']}/info")).json()["url"]

    for known in ('"nope"', "Wed, 21 Oct 2015 07:28:00 GMT"):  # RFC 9110 §13.1.5
        whole = await hub.client.get(url, headers={"Range": "bytes=0-3", "If-Range": known})
        assert (whole.status_code, whole.content) == (200, PNG)
        assert "content-range" not in whole.headers
    head = await hub.client.head(url, headers={"Range": "bytes=0-3"})  # RFC 9110 §14.2
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PNG)))
    assert "content-range" not in head.headers


async def test_one_picture_is_unpacked_at_a_time(
    ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, most = [], []

    def slowly(whole: bytes, content_type: str) -> tuple[bytes, str] | str:
        now.append(whole)
        time.sleep(0.02)
        most.append(len(now))
        now.remove(whole)
        return pictures.fitting(whole, content_type)

    monkeypatch.setattr(service, "fitting", slowly)
    handles = [(await upload(ann, PNG)).json()["id"] for _ in range(4)]
    shown = await asyncio.gather(*(ann.call("comms_get_media", id=each) for each in handles))

    assert [each["imageType"] for each in shown] == ["image/png"] * 4
    assert most == [1] * 4


async def test_a_form_is_read_as_it_comes(ann: Caller) -> None:
    headers = {"Authorization": f"Bearer {ann.token}"}
    answer = await ann.client.post(
        "/api/v1/media",
        files={"file": ("bild.png", PNG * 3_000, "image/png")},
        data={"note": "x"},
        headers=headers,
    )
    stored = answer.json()

    assert answer.status_code == 201, answer.text
    assert (stored["name"], stored["bytes"]) == ("bild.png", 3_000 * len(PNG))
    assert (await ann.get(f"/api/v1/media/{stored['id']}")).content == PNG * 3_000
    empty = await ann.client.post("/api/v1/media", files={"other": b"x"}, headers=headers)
    assert (empty.status_code, empty.json()["field"]) == (422, "file")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="say %22hi%22.txt"', 'say "hi".txt'),  # browsers, curl, httpx
        ("filename=\"%C3%B1%201.txt\"; filename*=utf-8''%C3%B1%201.txt", "ñ 1.txt"),  # aiohttp
        ("filename*=utf-8''%C3%B1.txt", "ñ.txt"),
        ('filename="ñ (1).txt"', "ñ (1).txt"),
        ('filename="a\ufe01\u3164b\u034f.txt"', "ab.txt"),
    ],
)
async def test_a_file_is_called_as_its_form_says(ann: Caller, disposition: str, name: str) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; {disposition}\r\n\r\nhello\r\n'
    answer = await upload(ann, f"{head}--b--\r\n".encode(), "multipart/form-data; boundary=b")

    assert (answer.status_code, answer.json()["name"]) == (201, name)
    twice = await upload(ann, f"{head}{head}--b--\r\n".encode(), "multipart/form-data; boundary=b")
    assert (twice.status_code, twice.json()["field"]) == (422, "file")


@pytest.mark.parametrize(
    ("content", "content_type", "field"),
    [
        (PNG, "image/jpeg", "contentType"),
        (b"<html><script>alert(1)</script>", "image/png", "contentType"),
        (b"", "image/png", "file"),
        (b"PK\x03\x04" + bytes(100), "image/png", "contentType"),
        (bytes(range(256)), "image/png", "contentType"),
    ],
)
async def test_what_is_not_what_it_says_is_refused_and_nothing_stored(
    hub: Served,
    ann: Caller,
    stores: tuple[Store, Store],
    content: bytes,
    content_type: str,
    field: str,
) -> None:
    answer = await upload(ann, content, content_type)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert hub.count("media") == 0
    assert not stores[0].objects


async def test_what_is_too_large_is_refused_and_nothing_stored(
    hub: Served, ann: Caller, stores: tuple[Store, Store]
) -> None:
    answer = await upload(ann, in_pieces(100_000, 25_100_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert hub.count("media") == 0
    assert not stores[0].objects


async def test_a_disk_that_is_full_is_told_of_and_nothing_stored(
    hub: Served, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    monkeypatch.setattr(spools, "TemporaryFile", lambda **_: full.open("r+b", buffering=0))
    answer = await upload(ann, PNG)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert "No space left" in answer.json()["detail"]
    assert hub.count("media") == 0


async def test_a_large_file_takes_little_memory(ann: Caller, stores: tuple[Store, Store]) -> None:
    stores[0].holds = False
    await upload(ann, in_pieces(100_000, 200_000))  # what is imported at first use
    tracemalloc.start()
    try:
        answer = await upload(ann, in_pieces(100_000, 20_000_000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.status_code == 201
    assert peak_bytes < 5_000_000


async def test_another_storage_stands_in_for_one_that_is_away_or_full(
    hub: Served, ann: Caller, stores: tuple[Store, Store]
) -> None:
    one, two = stores
    one.script = [RetryLater("It is away.")]
    stored = (await upload(ann, PNG)).json()

    assert (len(one.objects), len(two.objects)) == (0, 1)
    assert (await ann.get(f"/api/v1/media/{stored['id']}")).content == PNG
    one.script = [NotSetUp("The disk is full.")]
    two.script = [NotSetUp("It is read-only.")]
    refused = await upload(ann, PNG)
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert "read-only" in refused.json()["detail"]
    assert hub.count("media") == 1


async def test_what_a_storage_lost_or_spoilt_is_never_given_out(
    ann: Caller, stores: tuple[Store, Store]
) -> None:
    stored = (await upload(ann, PNG)).json()
    path, (key,) = f"/api/v1/media/{stored['id']}", stores[0].objects
    whole = stores[0].objects[key]
    for spoilt in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        stores[0].objects[key] = spoilt
        answer = await ann.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    del stores[0].objects[key]
    assert (await ann.get(path)).json()["code"] == "storage_unavailable"


async def test_it_is_gone_after_its_time_and_so_are_its_bytes(
    hub: Served, ann: Caller, stores: tuple[Store, Store], clock: Ahead
) -> None:
    stored = (await upload(ann, PNG)).json()
    stores[0].script = []
    clock.travel(72 * 3600 + 1)
    path = f"/api/v1/media/{stored['id']}"

    answer = await ann.get(path)
    assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    stores[0].script = [RetryLater("It is away.")]
    await hub.running.hub.media_sweeping.sweep()
    (row,) = hub.rows("SELECT sealed, state FROM media")
    assert (row["sealed"], row["state"]) == (None, "gone")
    await hub.until(lambda: _once(not stores[0].script), bool)
    assert stores[0].objects
    clock.travel(301)
    await hub.until(lambda: _once(not stores[0].objects), bool)


async def test_bytes_that_no_row_tells_of_are_swept(
    hub: Served, ann: Caller, stores: tuple[Store, Store], clock: Ahead
) -> None:
    await upload(ann, PNG)
    (key,) = stores[0].objects
    await hub.change("DELETE FROM media")  # as if the hub had died before it wrote the row
    kept = await upload(ann, PNG)
    sweeping = hub.running.hub.media_sweeping
    await hub.change("DELETE FROM engine_marks WHERE name = 'media_orphans'")
    assert await sweeping.sweep_orphans() == 0  # its row may be about to be written
    clock.travel(3601)
    await hub.change("DELETE FROM engine_marks WHERE name = 'media_orphans'")
    assert await sweeping.sweep_orphans() == 1
    assert key not in stores[0].objects
    assert (await ann.get(f"/api/v1/media/{kept.json()['id']}")).content == PNG


async def test_an_admin_says_whose_it_is(hub: Served, ann: Caller) -> None:
    admin = await hub.admin()

    assert (await upload(admin, PNG)).json()["field"] == "agentId"
    assert (await upload(admin, PNG, query="?agentId=nobody")).status_code == 404
    stored = (await upload(admin, PNG, query="?agentId=ann")).json()
    assert (await ann.get(f"/api/v1/media/{stored['id']}")).content == PNG
    assert (await upload(ann, PNG, query="?agentId=ben")).json()["code"] == "agent_mismatch"


async def test_a_hub_without_a_storage_says_so(start_hub: StartHub) -> None:
    plugins = load_plugins()
    providers = {kind: each for kind, each in plugins.providers.items() if kind != "storage"}
    async with start_hub(plugins=replace(plugins, providers=providers)) as hub:
        answer = await upload(await hub.agent("ann", ANN), PNG)

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")


async def _once(value: object) -> object:
    return value
