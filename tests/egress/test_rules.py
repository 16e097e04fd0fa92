"""What may be asked, by its URL and by its addresses."""

import ipaddress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.egress.urls import NOWHERE, OUT
from trunkline.egress import EgressDenied
from trunkline.egress.addresses import is_public
from trunkline.egress.rules import Rules


@pytest.mark.parametrize("url", NOWHERE)
def test_a_way_round_is_closed(url: str) -> None:
    with pytest.raises((EgressDenied, httpx2.InvalidURL)):
        Rules([]).check(httpx2.URL(url))


@pytest.mark.parametrize("url", OUT)
def test_the_way_out_is_open(url: str) -> None:
    assert Rules([]).check(httpx2.URL(url)).port == 443


def test_a_refusal_says_where_to_and_why() -> None:
    with pytest.raises(EgressDenied) as caught:
        Rules([]).check(httpx2.URL("https://10.0.0.1/x?token=secret"))

    assert str(caught.value) == (
        "The request to '10.0.0.1' was not sent: its address 10.0.0.1 is not public."
    )


# --- what the configuration names -----------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/v1/texts",
        "http://user:pw@127.0.0.1:8080",
        "http://[::1]:8080/",
        "https://vendor.internal/",
        "https://VENDOR.internal:443/x",
    ],
)
def test_a_configured_origin_may_be_anywhere(url: str) -> None:
    allow = ["http://127.0.0.1:8080/api", "http://[::1]:8080", "https://vendor.internal"]
    origin = Rules(allow).check(httpx2.URL(url))

    Rules(allow).check_addresses(origin.host, origin.port, ["127.0.0.1", "10.0.0.1"])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/",
        "http://127.0.0.1/",
        "https://127.0.0.1:8080/",
        "http://127.0.0.2:8080/",
        "http://127.1:8080/",
        "http://localhost:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://vendor.internal/",
    ],
)
def test_nothing_beside_a_configured_origin_may(url: str) -> None:
    rules = Rules(["http://127.0.0.1:8080/api", "https://vendor.internal"])
    with pytest.raises((EgressDenied, httpx2.InvalidURL)):
        rules.check(httpx2.URL(url))


def test_what_is_no_http_url_allows_nothing() -> None:
    rules = Rules(["127.0.0.1", "key-1", "//127.0.0.1", "https://", "ftp://127.0.0.1", "http://["])
    with pytest.raises(EgressDenied):
        rules.check(httpx2.URL("https://127.0.0.1"))


# --- addresses ------------------------------------------------------------------------------------


def test_one_closed_address_closes_a_host() -> None:
    with pytest.raises(EgressDenied, match=r"10\.0\.0\.1"):
        Rules([]).check_addresses("vendor.example", 443, ["8.8.8.8", "10.0.0.1"])


def test_a_host_with_open_addresses_is_open() -> None:
    Rules([]).check_addresses("vendor.example", 443, ["8.8.8.8", "2606:4700::1"])


@given(st.ip_addresses())
def test_what_the_standard_library_keeps_in_is_not_out(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_no_form_of_ipv6_takes_an_ipv4_address_out(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = (
        number,
        (0xFFFF << 32) | number,
        (0xFFFF << 48) | number,
        (0x64FF9B << 96) | number,
        (0x64FF9B0001 << 80) | number,
        (0x2002 << 112) | (number << 80),
        (0x20010000 << 96) | (number ^ 0xFFFFFFFF),
    )
    assert not any(is_public(str(ipaddress.IPv6Address(form))) for form in forms)


@given(st.text())
def test_what_is_no_address_is_not_public(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_public(text)
