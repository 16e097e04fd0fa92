"""Files that come with messages: fetched by the credentials of their account, and looked at."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, Network, WireWebhooks, with_telephony
from tests.flows.stores import PNG, Store
from tests.flows.test_files import _states, _value, store, until_there
from trunkline.loading import load_plugins
from trunkline.sdk import (
    E164,
    Capability,
    InboundEvent,
    Media,
    ProviderContext,
    ProviderSpec,
    Received,
    Rejected,
    RetryLater,
    WebhookRequest,
)

__all__ = ["clock", "store"]


# --- in from a vendor -----------------------------------------------------------------------------


class _Hooks(WireWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        text = json.loads(request.body)
        return [
            Received(
                external_id=text["id"],
                provider_id=text["id"],
                sender=E164(BOB),
                recipient=E164(ALICE),
                body="Look",
                media=tuple(Media(url=each, content_type="image/jpeg") for each in text["media"]),
            )
        ]


class _Vendor(Network):
    """A network that has files, which it gives to whoever has its credentials."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.script: list[Exception] = []
        self.deleted: list[str] = []

    async def fetch_media(self, media: Media) -> AsyncIterator[bytes]:
        if self.script:
            raise self.script.pop(0)
        if media.url not in self.files:
            raise Rejected("The vendor has it no more.")
        yield self.files[media.url]

    async def delete_media(self, media: Media) -> None:
        self.deleted.append(media.url)

    def spec(self) -> ProviderSpec[Any, Any]:
        vendor = self

        class Config(BaseModel):
            pass

        @asynccontextmanager
        async def opened(config: Config, context: ProviderContext) -> AsyncIterator[Network]:
            yield vendor

        return ProviderSpec(
            name="wire",
            config=Config,
            open=opened,
            capabilities=frozenset(
                {
                    Capability.SMS_SEND,
                    Capability.SMS_RECEIVE,
                    Capability.MEDIA_FETCH,
                    Capability.MEDIA_DELETE,
                }
            ),
            webhook=_Hooks(),
        )


@pytest.fixture
def vendor() -> _Vendor:
    return _Vendor()


@pytest.fixture
async def wired(
    start_hub: StartHub, store: Store, vendor: _Vendor, clock: Ahead
) -> AsyncIterator[Served]:
    plugins = with_telephony(load_plugins(), {"wire": vendor.spec()})
    plugins = replace(plugins, providers={**plugins.providers, "storage": {"one": store.spec()}})
    toml = '[slots]\ntelephony = "wire"\nstorage = "one"\n'
    async with start_hub(toml=toml, plugins=plugins, clock=clock) as served:
        yield served


async def come(hub: Served, *media: str, event: str = "in-1") -> None:
    answer = await hub.client.post(
        "/webhooks/connections/wire",
        json={"id": event, "media": media},
        headers={"x-wire": "yes"},
    )
    assert answer.is_success


async def test_what_came_is_fetched_with_the_accounts_credentials_and_deleted_there(
    wired: Served, vendor: _Vendor, store: Store
) -> None:
    ann = await wired.agent("ann", ALICE)
    vendor.files["https://vendor.example/1"] = PNG
    await come(wired, "https://vendor.example/1")
    (file,) = (await until_there(wired, ann))["attachments"]

    assert file["type"] == "image/png"  # whatever the vendor said
    assert (await ann.get(f"/api/v1/media/{file['id']}")).content == PNG
    await wired.until(lambda: _value(vendor.deleted), bool)
    assert vendor.deleted == ["https://vendor.example/1"]
    assert len(store.objects) == 1
    await come(wired, "https://vendor.example/1")  # told twice
    assert wired.count("media") == 1


async def test_what_is_not_there_at_once_is_asked_for_again_and_says_so_meanwhile(
    wired: Served, vendor: _Vendor, clock: Ahead
) -> None:
    ann = await wired.agent("ann", ALICE)
    vendor.files["https://vendor.example/1"] = PNG
    vendor.script = [RetryLater("The vendor is away.")]
    await come(wired, "https://vendor.example/1")
    (message,) = await wired.until(
        ann.inbox, lambda inbox: bool(inbox) and "reason" in inbox[0]["attachments"][0]
    )
    (file,) = message["attachments"]

    assert (file["state"], file["reason"]) == ("pending", "The vendor is away.")
    early = await ann.get(f"/api/v1/media/{file['id']}")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    clock.travel(6)
    await until_there(wired, ann)


async def until_tried(hub: Served, ann: Caller, clock: Ahead, *waits_s: float) -> None:
    """Let a medium be tried again after each of its waits."""
    for tries, wait_s in enumerate(waits_s, 1):
        await hub.until(
            lambda: _value(hub.rows("SELECT tries FROM media")[0]["tries"]), tries.__eq__
        )
        assert _states((await ann.inbox())[0]) == ["pending"]
        clock.travel(wait_s + 1)


async def test_what_a_vendor_tells_of_before_it_has_it_is_asked_for_again(
    wired: Served, vendor: _Vendor, clock: Ahead
) -> None:
    ann = await wired.agent("ann", ALICE)
    await come(wired, "https://vendor.example/1")  # there is none yet
    await wired.until(
        lambda: _value(wired.rows("SELECT tries FROM media")[0]["tries"]), lambda tries: tries == 1
    )
    vendor.files["https://vendor.example/1"] = PNG
    clock.travel(6)

    assert (await until_there(wired, ann))["attachments"][0]["type"] == "image/png"


@pytest.mark.parametrize("wrong", [b"", b"<html>oops</html>", b"Try again later."])
async def test_what_is_not_of_the_kind_that_was_told_is_not_taken_for_it_nor_deleted(
    wired: Served, vendor: _Vendor, store: Store, clock: Ahead, wrong: bytes
) -> None:
    ann = await wired.agent("ann", ALICE)
    vendor.files["https://vendor.example/1"] = wrong
    await come(wired, "https://vendor.example/1")
    await until_tried(wired, ann, clock, 5, 30)
    await wired.until(
        lambda: _value(wired.rows("SELECT tries FROM media")[0]["tries"]), lambda tries: tries == 3
    )
    assert not vendor.deleted
    assert not store.objects
    vendor.files["https://vendor.example/1"] = PNG
    clock.travel(121)

    assert (await until_there(wired, ann))["attachments"][0]["type"] == "image/png"
    await wired.until(lambda: _value(vendor.deleted), bool)


async def test_what_is_never_to_be_had_stays_to_be_seen_with_why(
    wired: Served, vendor: _Vendor, clock: Ahead
) -> None:
    ann = await wired.agent("ann", ALICE)
    await come(wired, "https://vendor.example/expired")
    await until_tried(wired, ann, clock, 5, 30, 120)
    (file,) = (await until_there(wired, ann, "failed"))["attachments"]

    assert file["reason"] == "The vendor has it no more."
    answer = await ann.get(f"/api/v1/media/{file['id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "media_failed")


async def test_a_storage_that_is_away_is_waited_for(
    wired: Served, vendor: _Vendor, store: Store, clock: Ahead
) -> None:
    ann = await wired.agent("ann", ALICE)
    vendor.files["https://vendor.example/1"] = PNG
    store.script = [RetryLater("It is away.")]
    await come(wired, "https://vendor.example/1")
    await wired.until(
        ann.inbox, lambda inbox: bool(inbox) and "reason" in inbox[0]["attachments"][0]
    )
    clock.travel(6)
    await until_there(wired, ann)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x.png",
        "https://10.1.2.3/x.png",
        "https://[::1]/x.png",
        "https://169.254.169.254/latest/meta-data",
        "http://pictures.example/x.png",
        "https://localhost/x.png",
    ],
)
async def test_the_hub_fetches_nothing_from_its_own_network(
    start_hub: StartHub, store: Store, url: str
) -> None:
    network = Network()
    plugins = network.plugins(_Hooks())
    plugins = replace(plugins, providers={**plugins.providers, "storage": {"one": store.spec()}})
    toml = '[slots]\ntelephony = "wire"\nstorage = "one"\n'
    async with start_hub(toml=toml, plugins=plugins) as hub:
        ann = await hub.agent("ann", ALICE)
        await come(hub, url)
        (file,) = (await until_there(hub, ann, "failed"))["attachments"]

    assert file["reason"] == "It lies where the hub fetches nothing from."


async def test_a_model_looks_at_a_picture_and_reads_what_else_came(
    wired: Served, vendor: _Vendor
) -> None:
    ann = await wired.agent("ann", ALICE)
    vendor.files = {"https://vendor.example/1": PNG, "https://vendor.example/2": b"%PDF-1.7 ..."}
    await come(wired, *vendor.files)
    (message,) = await wired.until(
        ann.inbox, lambda inbox: bool(inbox) and _states(inbox[0]) == ["stored", "stored"]
    )
    picture, document = (each["id"] for each in message["attachments"])
    async with ann.mcp() as client:
        seen = await client.call_tool("comms_get_media", {"id": picture})
        told = await client.call_tool("comms_get_media", {"id": document})
        missing = await client.call_tool("comms_get_media", {"id": "med_" + "0" * 32})

    text, image = seen.content
    assert image.type == "image"
    assert (image.mime_type, base64.b64decode(image.data)) == ("image/png", PNG)
    assert base64.b64encode(PNG).decode() not in str(text)
    assert seen.structured_content is not None
    assert "image" not in seen.structured_content
    (only,) = told.content
    assert only.type == "text"
    assert told.structured_content is not None
    assert told.structured_content["type"] == "application/pdf"
    read = await wired.client.get(told.structured_content["url"])
    assert read.content == b"%PDF-1.7 ..."
    assert read.headers["content-disposition"] == "attachment; filename*=UTF-8''file.pdf"
    assert missing.is_error
