"""What a message says: which media may go along, and how it is put into one text."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.egress.urls import (
    BESIDE_HTTPS,
    DISGUISED,
    INSIDE,
    IPV4_IN_IPV6,
    LOOPBACK,
    METADATA,
    OTHER_NUMBERS,
    OUT,
)
from trunkline.core.messages.content import Content, media_url_fault, unpacked

TO_OTHER_PORTS = [url for url in BESIDE_HTTPS if httpx2.URL(url).port and url.startswith("https")]
BESIDE = [url for url in BESIDE_HTTPS if url not in TO_OTHER_PORTS]
IN_ASCII = [url for url in OUT if url.isascii()]
contents = st.builds(Content, body=st.text(), media_urls=st.lists(st.text()).map(tuple))


@pytest.mark.parametrize(
    "url",
    [
        *(*LOOPBACK, *OTHER_NUMBERS, *IPV4_IN_IPV6, *INSIDE, *METADATA, *DISGUISED, *BESIDE),
        *("https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://router/"),
    ],
)
def test_what_a_provider_could_not_fetch_or_should_not_is_at_fault(url: str) -> None:
    assert media_url_fault(url)


@pytest.mark.parametrize("url", [*IN_ASCII, *TO_OTHER_PORTS, "HTTPS://media.example/%C3%A9?a[]=1"])
def test_what_is_on_the_internet_may_be_fetched(url: str) -> None:
    assert media_url_fault(url) is None


@given(st.text() | st.text().map("https://media.example/".__add__))
def test_looking_for_a_fault_never_breaks_and_finds_what_is_not_encoded(url: str) -> None:
    assert url.isascii() or media_url_fault(url)


@given(contents)
def test_what_is_packed_is_unpacked_as_it_was(content: Content) -> None:
    assert unpacked(content.packed(), media_count=len(content.media_urls)) == content


def test_a_text_without_media_is_packed_as_it_is() -> None:
    assert Content(body='["a"]').packed() == '["a"]'
