"""Files that came with messages: read where they lie, and asked for anew once that has expired."""

import json

import pytest

from plugins.greenapi.tests.notifications import FILE, PLACED
from plugins.greenapi.tests.vendor import CHAT, CONFIG
from trunkline.sdk import OutcomeUnknown, ProviderError, Rejected
from trunkline.testing import Answer, Canned, Wire, provider_context
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.whatsapp import open_greenapi

AGAIN = "https://sw-media.example/again.jpg"
EXPIRED = Canned(status=403, content=b"<Error><Code>AccessDenied</Code></Error>")
LINK = Canned(status=200, json={"downloadUrl": AGAIN})
READ = Canned(status=200, content=b"a picture")
LOST_AT_WHATSAPP = Canned(
    status=500,
    json={"message": f"internal error on downloading file by chatId {CHAT} and idMessage A322F8"},
)


async def fetched(*answers: Answer) -> tuple[Wire, bytes | ProviderError]:
    """Return what comes of fetching a picture, and what was asked."""
    wire = Wire(answers)
    async with (
        wire.client() as http,
        open_greenapi(GreenApiConfig.model_validate(CONFIG), provider_context(http)) as greenapi,
    ):
        try:
            pieces = [piece async for piece in greenapi.fetch_media(PLACED)]
        except ProviderError as error:
            return wire, error
    return wire, b"".join(pieces)


async def test_a_file_is_read_where_it_lies_by_its_link_alone() -> None:
    wire, read = await fetched(READ)

    assert read == b"a picture"
    assert [str(each.url) for each in wire.requests] == [FILE]


async def test_a_link_that_has_expired_is_asked_for_anew_by_chat_and_message() -> None:
    wire, read = await fetched(EXPIRED, LINK, READ)

    assert read == b"a picture"
    asked = wire.requests[1]
    assert (asked.method, asked.url.path) == (
        "POST",
        f"/waInstance{CONFIG['id_instance']}/downloadFile/{CONFIG['api_token']}",
    )
    assert json.loads(asked.content) == {
        "chatId": CHAT,
        "idMessage": "F7AEC1B7086ECDC7E6E45923F5EDB825picture",
    }
    assert str(wire.requests[2].url) == AGAIN


async def test_what_whatsapp_has_no_more_is_gone() -> None:
    _, error = await fetched(EXPIRED, LOST_AT_WHATSAPP)

    assert isinstance(error, Rejected)


@pytest.mark.parametrize(
    "answers",
    [
        (EXPIRED, Canned(status=400, json={"message": "Validation failed"})),
        (EXPIRED, Canned(status=500, content=b"Internal Server Error")),
        (EXPIRED, Canned(status=200, json={"downloadUrl": "ftp://sw-media.example/1"})),
        (Canned(status=503),),
    ],
)
async def test_what_cannot_be_read_now_may_be_later(answers: tuple[Answer, ...]) -> None:
    _, error = await fetched(*answers)

    assert isinstance(error, OutcomeUnknown)
