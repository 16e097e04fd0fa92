"""What a setting may be, what a person is told about a wrong one, and what stays secret."""

import base64
import random

import pytest
from pydantic import ValidationError

from tests.settings.given import load, refusal
from trunkline.settings import Settings

TOKEN = "correct-horse-battery-staple-2026"


# --- what is wrong --------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_each_on_a_line_of_its_own() -> None:
    told = refusal('[server]\nport = "x"\ntypo = 1\n', {"DEMO_MODE": "perhaps"}).splitlines()

    assert [line.partition(" ")[0] for line in told] == [
        "trunkline.toml:",
        "trunkline.toml:",
        "DEMO_MODE:",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("WEBHOOK_BASE_URL", "www.example.net"),
        ("WEBHOOK_BASE_URL", "ftp://comms.example.com"),
        ("WEBHOOK_BASE_URL", "https://user:hunter2@comms.example.com"),
        ("WEBHOOK_BASE_URL", "https://comms.example.com?x=1"),
        ("WEBHOOK_BASE_URL", "https://[::1"),
        ("TRUNKLINE_SERVER__ALLOWED_ORIGINS", "*"),
        ("TRUNKLINE_SERVER__ALLOWED_ORIGINS", "null"),
        ("TRUNKLINE_SERVER__ALLOWED_ORIGINS", "https://app.example.com/page"),
        ("TRUNKLINE_SERVER__ALLOWED_ORIGINS", "https://user@app.example.com"),
        ("TRUNKLINE_SERVER__ALLOWED_HOSTS", "https://hub.example.net"),
        ("TRUNKLINE_SERVER__ALLOWED_HOSTS", "localhost@hub.example.net"),
        ("PROVIDER_DATABASE", "postgresql"),
        ("TRUNKLINE_PRIVACY__HOLD_HOURS", "0"),
        ("TRUNKLINE_PRIVACY__HOLD_HOURS", "8761"),
        ("TRUNKLINE_MESSAGES__DUPLICATE_WINDOW_S", "86401"),
        ("TRUNKLINE_MESSAGES__PROVIDER_TIMEOUT_S", "-1"),
        ("AGENTOS_CALLBACK_URL", "www.example.net"),
        ("AGENTOS_CALLBACK_URL", "ftp://www.example.net"),
        ("AGENTOS_CALLBACK_URL", "https://{agentId}.example.net"),
        ("AGENTOS_CALLBACK_URL", "https://agents-{agentId}.example.net/"),
        ("AGENTOS_CALLBACK_URL", "https://www.example.net/{agent}"),
        ("AGENTOS_CALLBACK_URL", "https://user:hunter2@www.example.net/"),
        ("AGENTOS_CALLBACK_URL", "http://hunter2@127.0.0.1:9000?x=1"),
        ("TRUNKLINE_MESSAGES__CALLBACK_ALLOW", "http://127.0.0.1:9000/inbound"),
        ("TRUNKLINE_MESSAGES__CALLBACK_ALLOW", "https://a.example.net, 127.0.0.2:9000"),
        ("INITIAL_AGENT_POOL_SIZE", "0"),
        ("ADMIN_TOKEN", "a" * 31),
        ("MASTER_SECURITY_TOKEN", "a" * 31),
        ("CREDENTIALS_ENCRYPTION_KEY", "ab" * 31),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable_and_not_repeated(
    variable: str, value: str
) -> None:
    told = refusal(environ={variable: value})

    assert told.startswith(f"{variable}: ")
    assert value not in told.removeprefix(variable)


def test_the_edges_of_a_range_belong_to_it() -> None:
    settings = load(
        environ={"TRUNKLINE_PRIVACY__HOLD_HOURS": "8760", "TRUNKLINE_SERVER__PORT": "65535"}
    )

    assert settings.privacy.hold_hours == 8760


# --- secrets --------------------------------------------------------------------------------------


def test_both_admin_tokens_count_and_neither_is_printed() -> None:
    settings = load(environ={"ADMIN_TOKEN": TOKEN, "MASTER_SECURITY_TOKEN": TOKEN[::-1]})

    assert [t.get_secret_value() for t in settings.admin_tokens] == [TOKEN, TOKEN[::-1]]
    assert settings.origin_of("admin_tokens") == "ADMIN_TOKEN, MASTER_SECURITY_TOKEN"
    assert TOKEN not in f"{settings!r} {settings}"


def test_the_second_of_two_admin_tokens_is_the_one_that_is_blamed() -> None:
    told = refusal(environ={"ADMIN_TOKEN": TOKEN, "MASTER_SECURITY_TOKEN": "short"})

    assert told == "MASTER_SECURITY_TOKEN: it must have at least 32 characters."


KEY = bytes(range(7, 256, 8))[::-1]


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        f"{KEY.hex()}\n",
    ],
)
def test_the_encryption_key_is_read_in_every_usual_spelling(text: str) -> None:
    settings = load(environ={"CREDENTIALS_ENCRYPTION_KEY": text})

    assert [each.get_secret_value() for each in settings.encryption_keys] == [KEY]
    assert text.strip() not in repr(settings)


@pytest.mark.parametrize(
    "text", ["z" * 64, "ab" * 16, base64.b64encode(KEY[:31]).decode(), "not base64 at all!", "é"]
)
def test_anything_else_is_not_an_encryption_key(text: str) -> None:
    told = refusal(environ={"CREDENTIALS_ENCRYPTION_KEY": text})

    assert told == (
        "CREDENTIALS_ENCRYPTION_KEY: it must be 32 bytes, written as base64 or as 64 hexadecimal "
        "digits."
    )


def test_case_e9_a_secret_that_could_be_guessed_is_refused_with_how_to_make_one() -> None:
    tokens = [
        "0" * 32,
        "aB3$" * 8,
        "changeme-changeme-changeme-changeme",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyzabcdef",
        "zyxwvutsrqponmlkjihgfedcba987654",
        "qwertyuiopqwertyuiopqwertyuiop12",
    ]
    keys = [
        "00" * 32,
        "ab" * 32,
        bytes(range(32)).hex(),
        base64.b64encode(b"secret!!" * 4).decode(),
    ]
    told = [refusal(environ={"ADMIN_TOKEN": each}) for each in tokens]
    told += [refusal(environ={"CREDENTIALS_ENCRYPTION_KEY": each}) for each in keys]

    assert {each.partition(": ")[2].partition(".")[0] for each in told} == {"it could be guessed"}
    assert all("secrets.token_hex(32)" in each for each in told)


@pytest.mark.parametrize(
    "token",
    [" " * 33, TOKEN + "\n", f" {TOKEN}", TOKEN.replace("-", " "), TOKEN + "é", TOKEN + "\u200b"],
)
def test_case_e9_a_token_that_no_header_carries_as_it_is_is_refused(token: str) -> None:
    told = refusal(environ={"MASTER_SECURITY_TOKEN": token})

    assert told.startswith("MASTER_SECURITY_TOKEN: it must be ASCII without blanks")


def test_case_e9_what_is_random_is_taken_in_every_usual_spelling() -> None:
    dice = random.Random(9)
    for _ in range(100):
        raw = dice.randbytes(32)
        digits = "".join(dice.choices("0123456789", k=32))
        for token in (raw[:16].hex(), raw.hex(), base64.b64encode(raw).decode(), digits):
            assert load(environ={"ADMIN_TOKEN": token}).admin_tokens
        assert load(environ={"CREDENTIALS_ENCRYPTION_KEY": raw.hex()}).encryption_keys


def test_a_secret_is_not_in_the_error_of_a_settings_object_made_by_hand() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"admin_tokens": ["hunter2"], "encryption_keys": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_a_provider_secret_and_a_database_password_stay_out_of_a_printed_settings_object() -> None:
    settings = load(
        '[providers.twilio]\nauth_token = "hunter2"\n[database]\nurl = "postgresql://u:hunter2@db/x"'
    )

    assert "hunter2" not in f"{settings!r} {settings}"


# --- derived --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"WEBHOOK_BASE_URL": "https://comms.example.com/hub/"}, "https://comms.example.com/hub"),
        ({"PORT": "3200"}, "http://127.0.0.1:3200"),
        ({"TRUNKLINE_SERVER__HOST": "0.0.0.0"}, "http://127.0.0.1:3100"),
        ({"TRUNKLINE_SERVER__HOST": "::1"}, "http://[::1]:3100"),
        ({"TRUNKLINE_SERVER__HOST": "hub.internal"}, "http://hub.internal:3100"),
    ],
)
def test_the_public_url_is_given_or_follows_from_host_and_port(
    environ: dict[str, str], url: str
) -> None:
    assert load(environ=environ).public_url == url


def test_every_setting_says_what_it_is_for() -> None:
    silent = [
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        if not field.description
        for key, inner in getattr(field.annotation, "model_fields", {"": field}).items()
        if not inner.description
    ]

    assert silent == []
