"""Nothing personal survives masking, and nothing that an operator needs is lost to it."""

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat
from pydantic import SecretStr

from tests.house.names import HUB, sources
from trunkline.logs import masked
from trunkline.sdk import IdSource, SystemClock
from trunkline.sdk.ids import type_prefixes

TOKEN = f"tl_agent_k1_{'Ab1_-' * 8}"
ids = IdSource(SystemClock(), Random(7).randbytes)


# --- what goes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "+14155550100",
        "+1 (415) 555-0100",
        "+1.415.555.0100",
        "(415) 555-0100",
        "415-555-0100",
        "4155550100",
        "14155550100",
        "1-415-555-0100",
        "555-0100",
        "+44 (0)20 7946 0958",
        "+44\u00a020\u20117946\u20110958",
        "0049 171 1234567",
        "0171/1234567",
        "06.12.34.56.78",
        "8 (495) 123-45-67",
        "%2B14155550100",
        "%2B1%20415%20555%200100",
        "444 1 400",
        "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
        "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0660\u0660",
    ],
)
@pytest.mark.parametrize("around", ["{}", "sent to {} now", "({})", "tel:{}", "/handsets/{}/x"])
def test_a_phone_number_is_replaced_however_it_is_written(written: str, around: str) -> None:
    shown = masked(around.format(written))

    assert isinstance(shown, str)
    assert "[number]" in shown
    assert not any(character.isdigit() for character in shown)


FORMATS = [
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.RFC3966,
    PhoneNumberFormat.NATIONAL,
]
regions = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))


@settings(deadline=None)
@given(region=regions, style=st.sampled_from(FORMATS), tail=st.integers(0, 99), data=st.data())
def test_a_number_of_any_country_is_replaced(
    region: str, style: int, tail: int, data: st.DataObject
) -> None:
    kinds = sorted(phonenumbers.supported_types_for_region(region))
    number = phonenumbers.example_number_for_type(region, data.draw(st.sampled_from(kinds)))
    if number is None or number.national_number is None:
        return
    number.national_number = number.national_number // 100 * 100 + tail
    written = phonenumbers.format_number(number, style)
    digits = sum(character.isdigit() for character in written)
    if style == PhoneNumberFormat.NATIONAL and (
        digits < 7 or (digits < 9 and written.isdigit() and written[0] != "0")
    ):
        return  # as short as any other count

    shown = masked(f"to {written}, soon")

    assert isinstance(shown, str)
    assert "[number]" in shown
    assert not any(character.isdigit() for character in shown.partition(";ext=")[0])


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "ann.o'hara+news@mail.example.co.uk",
        "ann%40example.com",
        "ann@localhost",
        "jürgen@bücher.example",
        "14155550100@c.us",
    ],
)
@pytest.mark.parametrize("around", ["{}", "Ann <{}>", "mailto:{}?x", "for {}."])
def test_a_mail_address_is_replaced(address: str, around: str) -> None:
    shown = masked(around.format(address))

    assert shown == around.format("[address]")


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "tl_admin_k_abcdefghijklmnop",
        "Bearer abcdef",
        "bearer  " + "x" * 40,
        "Basic dXNlcjpwYXNzd29yZA==",
        "0123456789abcdef" * 2,
        "Zm9vYmFyYmF6/cXV4Zm9vYmFyYmF6MTIzNDU2Nzg5MA==",
        "Kx8-_f3Qm2Vb7Zr1Lw0Ty6Ns4Hd9Jc5",
    ],
)
@pytest.mark.parametrize("around", ["{}", "sent {} upstream", "https://v.example/bot/{}/send"])
def test_a_token_is_replaced(secret: str, around: str) -> None:
    shown = masked(around.format(secret))

    assert isinstance(shown, str)
    assert "[token]" in shown
    assert secret.rsplit(maxsplit=1)[-1] not in shown


def test_the_prefix_that_makes_a_key_recognisable_may_stay_but_not_the_key() -> None:
    assert masked("sk_" + "0123456789abcdef" * 3) == "sk_[token]"


def test_the_credentials_in_a_url_are_replaced() -> None:
    assert masked("postgresql://hub:hunter2@db/x") == "postgresql://[token]@db/x"


@pytest.mark.parametrize(
    "key",
    [
        *("body", "text", "message_body", "messageBody", "html", "subject", "transcript"),
        *("media_urls", "mediaUrl"),
        *("from", "to", "contact", "From", "to_address", "toNumber", "phone-number"),
        *("password", "secret", "client_secret", "token", "access_token", "Authorization"),
        *("api_key", "apiKey", "x-api-key", "auth_token", "X-Twilio-Signature", "set-cookie"),
    ],
)
def test_the_value_of_a_telling_key_is_never_shown(key: str) -> None:
    assert masked({key: "plain words"}) == {key: "[redacted]"}
    assert masked([{"facts": {key: {"any": ["thing"]}}}]) == [{"facts": {key: "[redacted]"}}]


@pytest.mark.parametrize(
    "text",
    [
        "OutboundSms(body='plain words', segments=1)",
        'OutboundSms(body="it\'s plain words", segments=1)',
        '{"n": 1, "body": "plain \\"words\\""}',
        '"{\\"body\\": \\"plain words\\"}"',
        "{'body': b'plain words'}",
        "OutboundSms(media_urls=('https://a.example/plain words', 'https://b.example/)words'))",
        '{"mediaUrls": [ "https://a.example/plain\\"words" , "https://b.example/]words"], "n": 1}',
        "media_urls=('https://a.example/plain words and no end",
        "To=x&Body=plain+words&From=y",
        "body='plain words and no end",
        "access_token=plain-words",
    ],
)
def test_a_telling_key_is_recognised_inside_text_too(text: str) -> None:
    shown = masked(text)

    assert isinstance(shown, str)
    assert "[redacted]" in shown
    assert "words" not in shown


def test_keys_are_masked_like_values_at_any_depth() -> None:
    shown = masked({"a": [{"+14155550100": 1}, ({"ann@example.com": {TOKEN: None}},)]})

    assert shown == {"a": [{"[number]": 1}, [{"[address]": {"[token]": None}}]]}


def test_a_number_written_as_an_integer_is_replaced() -> None:
    assert masked({"n": 14155550100, "m": -14155550100}) == {"n": "[number]", "m": "[number]"}


@dataclass
class Letter:
    content: str


@pytest.mark.parametrize("value", [Letter("hi"), b"hi", SecretStr("hi"), ValueError("hi"), Letter])
def test_of_an_unknown_object_only_the_type_is_shown(value: object) -> None:
    assert masked(value) == f"[{type(value).__name__}]"


def test_a_structure_that_contains_itself_comes_to_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert json.dumps(masked(loop)) == "[" * 8 + '"[\\u2026]"' + "]" * 8


# --- what stays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "sms.accepted",
        "comms_action_duration_seconds",
        "GET /health/ready HTTP/1.1 503",
        "127.0.0.1:54321 - GET / 200",
        "Uvicorn running on http://127.0.0.1:3100 (Press CTRL+C to quit)",
        "Started server process [12345]",
        "took 35 ms",
        "took 1234.567 ms",
        "12345.678901",
        "trunkline 1.0.0, uvicorn 0.54.0, certifi 2026.11.21, Python 3.11.7",
        "2026-11-21",
        "2026-11-21T09:00:00Z",
        "2026-11-21T09:00:00.123456+00:00",
        "2026-11-21 09:00:00,123",
        "550e8400-e29b-41d4-a716-446655440000",
        "delivery.py:123 attempt",
        "/var/lib/trunkline/trunkline.db",
        "StreamableHTTPServerTransport",
        "the token is missing",
        "from the queue to the provider",
        "1048576 bytes",
    ],
)
def test_what_an_operator_needs_stays_as_it_is(text: str) -> None:
    assert masked(text) == text


@settings(deadline=None)
@given(
    prefix=st.sampled_from(["msg", "att", "evt", "row"]),
    around=st.sampled_from(["{}", "/api/v1/messages/{}?x", "sent {}.", "{}/{}", "a,{},b"]),
)
def test_an_id_of_ours_stays_as_it_is(prefix: str, around: str) -> None:
    text = around.replace("{}", ids.new(prefix))

    assert masked(text) == text


@settings(deadline=None)
@given(st.datetimes())
def test_a_time_stays_as_it_is(moment: datetime) -> None:
    for text in (moment.isoformat(), moment.isoformat(" ") + "Z"):
        assert masked(text) == text
    assert masked(moment.replace(tzinfo=UTC)) == str(moment.replace(tzinfo=UTC))


def test_plain_values_stay_what_they_are() -> None:
    facts = {
        "agentId": "ann",
        "durationMs": 12.5,
        "status": 200,
        "port": 3100,
        "replayed": False,
        "cost": None,
        "attempt": 2,
        "tokens_used": 3,
        "content_type": "text/plain",
        "path": Path("/srv/hub"),
    }

    assert masked(facts) == facts | {"path": "/srv/hub"}


def test_a_float_that_json_cannot_say_is_spelled() -> None:
    assert masked([float("nan"), float("inf")]) == ["nan", "inf"]


# --- what it costs --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["1 ", "1", "a_", "a.b", "A1a/", "-", '\\"', "0.1.", "(1", "%", "token_", "2026-11-", "aA1-"],
)
def test_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + "@"
        start = time.process_time()
        masked(f'body="{text}')
        masked(text)
        return time.process_time() - start

    def least_s(length: int) -> float:
        return min(seconds(length) for _ in range(3))

    assert least_s(80_000) < 24 * least_s(10_000) + 0.05  # the square would be 64 times


def test_every_prefix_that_the_hub_gives_is_one_of_ours() -> None:
    found = re.findall(r"ids\.new\(\"([a-z]+)\"\)", "".join(sources(HUB).values()))

    assert "call" in found
    assert set(found) <= set(type_prefixes)
