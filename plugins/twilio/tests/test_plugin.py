"""The installed plugin, as the hub finds it."""

from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from plugins.twilio.tests.vendor import ACCOUNT, CONFIG, TOKEN
from trunkline.loading import PluginReport, PluginState, load_plugins
from trunkline.sdk import Capability
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.plugin import TWILIO, WHATSAPP


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-twilio")

    plugins = load_plugins(distributions=[dist], required=["twilio"])

    assert plugins.telephony == {"twilio": TWILIO}
    assert plugins.providers["whatsapp"] == {"twilio": WHATSAPP}
    assert plugins.reports == (
        PluginReport(
            name="twilio",
            dist="trunkline-twilio",
            version=dist.version,
            state=PluginState.LOADED,
            kinds=("telephony", "whatsapp"),
            providers=("twilio",),
            capabilities=(
                "account.below",
                "call.end",
                "call.lookup",
                "call.lookup.by_address",
                "call.machine",
                "call.place",
                "call.receive",
                "call.record",
                "call.status",
                "lookup.by_address",
                "lookup.by_id",
                "media.delete",
                "media.fetch",
                "message.delete",
                "mms.send",
                "number.buy",
                "number.register",
                "number.search",
                "number.standing",
                "sms.receive",
                "sms.send",
                "sms.status",
                "whatsapp.media",
                "whatsapp.receive",
                "whatsapp.register",
                "whatsapp.send",
                "whatsapp.senders",
                "whatsapp.status",
                "whatsapp.template",
                "whatsapp.webhook",
            ),
        ),
    )


def test_a_lost_answer_may_be_resolved_by_asking_twilio() -> None:
    assert TWILIO.idempotency is None
    assert Capability.LOOKUP_BY_ADDRESS in TWILIO.capabilities


def test_texts_and_whatsapp_share_the_account_and_its_door() -> None:
    assert (WHATSAPP.name, WHATSAPP.config, WHATSAPP.webhook) == (
        TWILIO.name,
        TWILIO.config,
        TWILIO.webhook,
    )


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://api.twilio.com", "https://content.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://content.dublin.ie1.twilio.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_twilios_other_products_are_beside_its_api(base_url: str, host: str) -> None:
    assert TwilioConfig.model_validate({**CONFIG, "base_url": base_url}).host("content") == host


def test_each_credential_names_the_variable_that_fills_it() -> None:
    properties = TWILIO.config.model_json_schema()["properties"]

    assert properties["account_sid"]["env"] == "TWILIO_ACCOUNT_SID"
    assert properties["auth_token"]["env"] == "TWILIO_AUTH_TOKEN"
    assert properties["webhook_key"]["env"] == "TWILIO_WEBHOOK_KEY"
    assert properties["api_key_sid"]["env"] == "TWILIO_API_KEY_SID"
    assert properties["api_key_secret"]["env"] == "TWILIO_API_KEY_SECRET"
    assert properties["messaging_service_sid"]["env"] == "TWILIO_MESSAGING_SERVICE_SID"


def test_the_api_is_twilios_unless_another_is_named() -> None:
    assert TwilioConfig.model_validate(CONFIG).base_url == "https://api.twilio.com"


@pytest.mark.parametrize("field", ["account_sid", "auth_token"])
def test_a_credential_that_is_missing_is_named(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        TwilioConfig.model_validate({key: CONFIG[key] for key in CONFIG if key != field})


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_sid": "secret-sid"},
        {"account_sid": f"SK{'0' * 32}"},
        {"account_sid": f"{ACCOUNT}/secret-sid"},
        {"auth_token": ""},
        {"webhook_key": ""},
        {"base_url": "ftp://secret-host"},
        {"base_url": "https://api.twilio.com/2010-04-01"},
        {"auth_tokne": TOKEN},
        {"api_key_sid": f"SK{'0' * 32}"},
        {"api_key_secret": "secret-key"},
        {"api_key_sid": "secret-key", "api_key_secret": "secret-key"},
        {"messaging_service_sid": "secret-service"},
        {"sender_name": "secret"},
        {"sender_name_prefixes": ["+44"]},
        {"sender_name": "secret-name", "sender_name_prefixes": ["+44"]},
        {"sender_name": "12345", "sender_name_prefixes": ["+44"]},
        {"sender_name": "secret name x", "sender_name_prefixes": ["+44"]},
        {"sender_name": "Trunkline", "sender_name_prefixes": ["secret-44"]},
    ],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        TwilioConfig.model_validate({**CONFIG, **wrong})

    assert not [secret for secret in ("secret-", TOKEN) if secret in str(caught.value)]
