"""A broken connection becomes the error that says whether the request may be sent again."""

import httpx2
import pytest

from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
    download,
    transport_errors,
)
from trunkline.testing import DROP_AFTER, DROP_BEFORE, Answer, Canned, Wire

NOT_GZIP = Canned(status=201, content=b"not gzip", headers={"content-encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(DROP_BEFORE, RetryLater), (DROP_AFTER, OutcomeUnknown), (NOT_GZIP, OutcomeUnknown)],
)
async def test_only_a_connection_that_never_came_about_is_safe_to_try_again(
    answer: Answer, expected: type[ProviderError]
) -> None:
    async with Wire(answer).client() as http:
        with pytest.raises(expected) as caught, transport_errors("Postbird"):
            await http.post("https://api.postbird.example")

    assert str(caught.value).startswith("Postbird ")


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (httpx2.ConnectError, RetryLater),
        (httpx2.ConnectTimeout, RetryLater),
        (httpx2.PoolTimeout, RetryLater),
        (httpx2.WriteError, OutcomeUnknown),
        (httpx2.WriteTimeout, OutcomeUnknown),
        (httpx2.ReadError, OutcomeUnknown),
        (httpx2.ReadTimeout, OutcomeUnknown),
        (httpx2.RemoteProtocolError, OutcomeUnknown),
        (httpx2.TooManyRedirects, OutcomeUnknown),
    ],
)
def test_every_way_to_break_is_one_or_the_other(
    broken: type[httpx2.RequestError], expected: type[ProviderError]
) -> None:
    with pytest.raises(expected) as caught, transport_errors("Postbird"):
        raise broken("the vendor's words")

    assert "words" not in str(caught.value)


async def test_case_d4_a_key_that_no_header_can_hold_was_surely_not_sent_and_is_not_quoted() -> (
    None
):
    async with Wire(Canned(status=201)).client() as http:
        with pytest.raises(AuthFailed) as caught, transport_errors("Postbird"):
            await http.post("https://api.postbird.example", headers={"X-Key": "schlüssel"})

    assert "Postbird was not asked" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_letters_that_could_not_be_written_after_the_request_prove_nothing() -> None:
    with pytest.raises(UnicodeEncodeError), transport_errors("Postbird"):
        "schlüssel".encode("ascii")


def test_a_request_that_broke_while_it_was_written_may_have_been_sent() -> None:
    request = httpx2.Request("POST", "https://api.postbird.example", headers={"X-Key": "fine"})
    with pytest.raises(OutcomeUnknown), transport_errors("Postbird"):
        raise httpx2.LocalProtocolError("too much data", request=request)
    with pytest.raises(OutcomeUnknown), transport_errors("Postbird"):
        raise httpx2.LocalProtocolError("nobody says of what")


# --- files ----------------------------------------------------------------------------------------

FILE = Canned(status=200, content=b"a sound")
ELSEWHERE = "https://storage.example/7?signed=1"


def led(location: str, status: int = 307) -> Canned:
    return Canned(status=status, headers={"location": location})


async def downloaded(
    wire: Wire, url: str = "https://api.postbird.example/7", anew: str | None = None
) -> bytes:
    """Return a file that is fetched with credentials."""

    async def another() -> str:
        return anew or ""

    async with wire.client() as http:
        pieces = download(
            http,
            url,
            vendor="Postbird",
            refused=lambda answer: Rejected("It is gone.", provider_code=answer.text),
            auth=httpx2.BasicAuth("user", "secret"),
            anew=another if anew else None,
        )
        return b"".join([piece async for piece in pieces])


async def test_a_file_is_read_where_the_provider_says_it_lies_without_the_credentials() -> None:
    wire = Wire([led(ELSEWHERE), led("/8"), FILE])

    assert await downloaded(wire) == b"a sound"

    assert [str(each.url) for each in wire.requests] == [
        "https://api.postbird.example/7",
        ELSEWHERE,
        "https://storage.example/8",
    ]
    assert ["authorization" in each.headers for each in wire.requests] == [True, False, False]


async def test_back_at_the_provider_the_credentials_are_not_there_either() -> None:
    wire = Wire([led(ELSEWHERE), led("https://api.postbird.example/8"), FILE])

    await downloaded(wire)

    assert "authorization" not in wire.requests[2].headers


async def test_what_the_provider_refuses_is_for_the_adapter_to_read() -> None:
    with pytest.raises(Rejected) as caught:
        await downloaded(Wire(Canned(status=404, content=b"20404", headers={"x-a": "1"})))

    assert caught.value.provider_code == "20404"


@pytest.mark.parametrize(
    "answers",
    [
        [led(ELSEWHERE)] * 9,
        [led("http://storage.example/7")],
        [led("ftp://storage.example/7")],
        [led("https://storage.example:port")],
        [led(ELSEWHERE), Canned(status=404)],
        [Canned(status=206, content=b"a s", headers={"content-range": "bytes 0-2/7"})],
        [Canned(status=200, content=b"not gzip", headers={"content-encoding": "gzip"})],
    ],
)
async def test_a_file_that_leads_nowhere_may_be_asked_for_again(answers: list[Answer]) -> None:
    wire = Wire(answers)

    with pytest.raises(OutcomeUnknown):
        await downloaded(wire)

    assert len(wire.requests) <= 4


async def test_a_url_that_has_expired_is_asked_for_anew_and_once() -> None:
    anew, gone = "https://api.postbird.example/9", Canned(status=410, content=b"gone")
    wire = Wire([gone, FILE])

    assert await downloaded(wire, anew=anew) == b"a sound"

    assert [each.url.path for each in wire.requests] == ["/7", "/9"]
    with pytest.raises(Rejected):
        await downloaded(Wire(gone), anew=anew)
    with pytest.raises(OutcomeUnknown):
        await downloaded(Wire(DROP_AFTER), anew=anew)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, Rejected), (403, Rejected), (410, Rejected), (429, RetryLater), (503, OutcomeUnknown)],
)
async def test_a_link_that_wants_no_credentials_has_expired_or_may_be_read_later(
    status: int, expected: type[ProviderError]
) -> None:
    async with Wire(Canned(status=status)).client() as http:
        with pytest.raises(expected):
            await anext(download(http, ELSEWHERE, vendor="Postbird"))


async def test_no_address_is_none() -> None:
    with pytest.raises(Rejected):
        await downloaded(Wire(FILE), "https://api.postbird.example:port/")
