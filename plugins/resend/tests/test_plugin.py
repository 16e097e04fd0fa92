"""The installed plugin, as the hub finds it."""

from base64 import b64encode
from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from plugins.resend.tests.vendor import CONFIG, KEY, SECRET
from trunkline.loading import PluginReport, PluginState, load_plugins
from trunkline.sdk import Idempotency, KeyForm
from trunkline_resend.config import ResendConfig
from trunkline_resend.plugin import RESEND


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-resend")

    plugins = load_plugins(distributions=[dist], required=["resend"])

    assert plugins.providers["email"] == {"resend": RESEND}
    assert plugins.reports == (
        PluginReport(
            name="resend",
            dist="trunkline-resend",
            version=dist.version,
            state=PluginState.LOADED,
            kinds=("email",),
            providers=("resend",),
            capabilities=(
                "email.attach",
                "email.domains",
                "email.receive",
                "email.send",
                "email.status",
                "email.webhook",
                "lookup.by_id",
                "media.fetch",
            ),
        ),
    )


def test_a_second_send_with_the_same_key_is_dropped_for_a_day() -> None:
    assert RESEND.idempotency == Idempotency(form=KeyForm.ANY, window_s=86_400)


def test_each_credential_names_the_variable_that_fills_it() -> None:
    properties = RESEND.config.model_json_schema()["properties"]

    assert properties["api_key"]["env"] == "RESEND_API_KEY"
    assert properties["webhook_secret"]["env"] == "RESEND_WEBHOOK_SECRET"


def test_the_api_is_resends_unless_another_is_named() -> None:
    assert ResendConfig.model_validate(CONFIG).base_url == "https://api.resend.com"


def test_a_key_alone_is_enough_to_send() -> None:
    for without in ({"api_key": KEY}, {"api_key": KEY, "webhook_secret": None}):
        assert ResendConfig.model_validate(without).signing_keys() == ()


def test_several_secrets_stand_side_by_side() -> None:
    config = ResendConfig.model_validate({"api_key": KEY, "webhook_secret": f" {SECRET}  {SECRET}"})

    assert len(config.signing_keys()) == 2
    assert {len(each) for each in config.signing_keys()} == {24}


@pytest.mark.parametrize(("size", "fits"), [(15, False), (16, True), (24, True), (64, True)])
def test_a_signing_key_is_long_enough_not_to_be_guessed(size: int, fits: bool) -> None:
    secret = f"whsec_{b64encode(bytes(size)).decode()}"
    try:
        ResendConfig.model_validate({"api_key": KEY, "webhook_secret": secret})
    except ValidationError:
        assert not fits
    else:
        assert fits


def test_an_api_key_that_is_missing_is_named() -> None:
    with pytest.raises(ValidationError, match="api_key"):
        ResendConfig.model_validate({"webhook_secret": SECRET})


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": ""},
        {"webhook_secret": ""},
        {"webhook_secret": "   "},
        {"webhook_secret": "secret-"},
        {"webhook_secret": SECRET.removeprefix("whsec_")},
        {"webhook_secret": "whsec_"},
        {"webhook_secret": "whsec_c2VjcmV0LQ=="},
        {"webhook_secret": "whsec_secret-!"},
        {"webhook_secret": "whsec_sécret-"},
        {"webhook_secret": f"{SECRET} secret-"},
        {"webhook_secret": SECRET[:-1]},
        {"base_url": "ftp://secret-host"},
        {"base_url": "https://api.resend.com/v1"},
        {"api_kye": KEY},
    ],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        ResendConfig.model_validate({**CONFIG, **wrong})

    assert not [secret for secret in ("secret-", KEY, SECRET) if secret in str(caught.value)]
