"""Where media lie: on the hub's own disk unless another storage is chosen, which takes one line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from plugins.s3.tests.server import ACCESS_KEY_ID, BUCKET, REGION, SECRET, Bucket, served
from tests.disks import small_disk
from tests.flows.hubs import ANN, DEMO, StartHub
from tests.flows.stores import PNG
from tests.flows.test_uploads import upload

ONE_LINE: Final = 'storage = "s3"\n'


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An empty bucket of moto's S3."""
    Bucket().make()
    with served() as (_, url):
        yield url


def chosen(endpoint: str) -> str:
    """Return the demo's settings with one line in its slots, and the bucket that it names."""
    return f"""{DEMO.replace("[slots]", f"[slots]{chr(10)}{ONE_LINE}")}
[providers.s3]
bucket = "{BUCKET}"
region = "{REGION}"
access_key_id = "{ACCESS_KEY_ID}"
secret_access_key = "{SECRET}"
endpoint_url = "{endpoint}"
"""


async def test_media_lie_on_the_hubs_own_disk_until_a_line_says_in_a_bucket(
    start_hub: StartHub, endpoint: str, tmp_path: Path
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        first = (await upload(ann, PNG)).json()["id"]
        token = ann.token
    (file,) = tmp_path.rglob("connections/local-storage/objects/*")
    assert PNG[:16] not in file.read_bytes()

    async with start_hub(toml=chosen(endpoint)) as hub:
        ann = hub.caller(token)
        second = (await upload(ann, PNG)).json()["id"]
        verified = await hub.local("providers_verify", connection="s3")
        read = [(await ann.get(f"/api/v1/media/{each}")).content for each in (first, second)]

    assert read == [PNG, PNG]
    assert len(Bucket().contents()) == 1
    assert PNG[:16] not in Bucket().contents()[0]
    assert len([*tmp_path.rglob("connections/local-storage/objects/*")]) == 1
    assert "yes" in str(verified)


async def test_a_simulated_storage_serves_only_where_it_is_named(
    start_hub: StartHub, tmp_path: Path
) -> None:
    named = DEMO.replace("[slots]", '[slots]\nstorage = "demo"')
    async with start_hub(toml=named) as hub:
        ann = await hub.agent("ann", ANN)
        kept = (await upload(ann, PNG)).json()["id"]
        assert (await ann.get(f"/api/v1/media/{kept}")).content == PNG
        told = (await hub.client.get("/demo/storage")).json()
        await hub.client.post("/demo/storage/trouble", json={"trouble": "full"})
        refused = await upload(ann, PNG)

    assert told["objects"] == 1
    assert refused.status_code == 503
    assert not [*tmp_path.rglob("objects/*")]


async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_nothing_of_it(
    start_hub: StartHub, tmp_path: Path
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        kept = (await upload(ann, PNG)).json()["id"]
        token = ann.token
    (place,) = tmp_path.rglob("connections/local-storage")
    before = [(each.relative_to(place), each.read_bytes()) for each in place.glob("objects/*")]

    with small_disk(place, 600):
        (place / "objects").mkdir()
        for path, content in before:
            (place / path).write_bytes(content)
        async with start_hub() as hub:
            ann = hub.caller(token)
            refused = await upload(ann, PNG + bytes(1_000_000))
            left = [*place.glob("drafts/*")]
            fits = await upload(ann, PNG + bytes(100_000))
            read = (await ann.get(f"/api/v1/media/{kept}")).content
            found = (await hub.local("doctor"))["findings"]

    assert (refused.status_code, fits.status_code) == (503, 201)
    assert left == []
    assert read == PNG
    (told,) = [each for each in found if each["subject"].startswith("connection local-storage")]
    assert "MB are free" in told["sentence"]
