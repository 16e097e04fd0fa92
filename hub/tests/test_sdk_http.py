"""A broken connection becomes the error that says whether the request may be sent again."""

import httpx2
import pytest

from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    ProviderError,
    RetryLater,
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
