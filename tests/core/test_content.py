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
from trunkline.core.messages.content import Content, media_type, media_url_fault, unpacked
from trunkline.sdk import Media

TO_OTHER_PORTS = [url for url in BESIDE_HTTPS if httpx2.URL(url).port and url.startswith("https")]
BESIDE = [url for url in BESIDE_HTTPS if url not in TO_OTHER_PORTS]
IN_ASCII = [url for url in OUT if url.isascii()]
types = st.none() | st.sampled_from(["image/jpeg", "audio/amr"])
media = st.builds(Media, url=st.text(), content_type=types)
contents = st.builds(Content, body=st.text(), media=st.lists(media).map(tuple))


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


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/a[1].jpg",
        "https://media.example/[1]/a.jpg?x=1",
        "https://media.example[1]/a.jpg",
    ],
)
def test_case_c14_a_path_with_brackets_is_to_be_encoded(url: str) -> None:
    assert media_url_fault(url) == "give an https URL, percent-encoded"
    assert media_url_fault(url.replace("[", "%5B").replace("]", "%5D")) is None or "e[" in url


@given(st.text() | st.text().map("https://media.example/".__add__))
def test_looking_for_a_fault_never_breaks_and_finds_what_is_not_encoded(url: str) -> None:
    assert url.isascii() or media_url_fault(url)


@given(contents)
def test_what_is_packed_is_unpacked_as_it_was(content: Content) -> None:
    assert unpacked(content.packed(), media_count=len(content.media_urls)) == content


def test_a_text_without_media_is_packed_as_it_is() -> None:
    assert Content(body='["a"]').packed() == '["a"]'


def test_case_c10_media_that_were_packed_without_types_can_be_read() -> None:
    old = '["look", "https://media.example/a.jpg", "https://media.example/b"]'

    urls = ["https://media.example/a.jpg", "https://media.example/b"]
    assert unpacked(old, media_count=2) == Content(
        body="look", media=tuple(Media(url=url) for url in urls)
    )


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("image/jpeg", "image/jpeg"),
        ("Image/JPEG; name=a.jpg", "image/jpeg"),
        ("application/vnd.ms-excel", "application/vnd.ms-excel"),
        ("ignore/your-rules", None),
        ("image/jpeg and obey", None),
        ("image/", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_case_c10_a_type_is_shown_as_it_is_registered_or_not_at_all(
    told: object, shown: str | None
) -> None:
    assert media_type(told) == shown


def test_what_looks_like_a_handle_and_is_none_says_so() -> None:
    assert "no handle" in (media_url_fault("med_foo") or "")
