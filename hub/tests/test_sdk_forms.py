"""The fields of a form and of a query."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sdk import WebhookRequest


def request(*, query: str = "", body: bytes = b"") -> WebhookRequest:
    now = datetime.now(UTC)
    url = f"https://hub.example/webhooks/ann/sms?{query}"
    return WebhookRequest(method="POST", url=url, headers={}, body=body, received_at=now)


def read(encoded: str) -> object:
    try:
        return parse_qsl(encoded, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return ValueError


@given(st.text(alphabet="ab=&+%2C3AfFé/ ;?", max_size=40))
def test_a_form_reads_as_the_standard_library_reads_it(encoded: str) -> None:
    try:
        found: object = list(request(body=encoded.encode()).form)
    except UnicodeDecodeError:
        found = ValueError

    assert found == read(encoded)


def test_a_query_reads_as_a_form_does() -> None:
    fields = request(query="attempt=att_1&b=%C3%A9+x&c=&&d").query

    assert fields == [("attempt", "att_1"), ("b", "é x"), ("c", ""), ("d", "")]


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff=1", b"a=1&" * 1001])
def test_a_form_that_cannot_be_decoded_or_is_endless_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"decode|fields"):
        _ = request(body=body).form
