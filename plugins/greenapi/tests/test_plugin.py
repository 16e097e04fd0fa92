"""The installed plugin, as the hub finds it."""

from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from plugins.greenapi.tests.vendor import CONFIG, TOKEN
from trunkline.loading import PluginState, load_plugins
from trunkline.sdk import Capability, FailureKind
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.plugin import GREENAPI
from trunkline_greenapi.statuses import FAILURES


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-greenapi")

    plugins = load_plugins(distributions=[dist], required=["greenapi"])

    (report,) = plugins.reports
    assert (report.state, report.kinds) == (PluginState.LOADED, ("whatsapp",))
    assert report.providers == ("greenapi",)
    assert set(report.capabilities) == GREENAPI.capabilities


def test_a_lost_answer_may_be_resolved_by_asking_and_templates_are_not_promised() -> None:
    assert GREENAPI.idempotency is None
    assert Capability.LOOKUP_BY_ADDRESS in GREENAPI.capabilities
    assert Capability.WHATSAPP_TEMPLATE not in GREENAPI.capabilities
    assert GREENAPI.prices is None
    assert 120 < GREENAPI.lookup_lag_s < 180, "the journal shows it after two minutes at most"


def test_a_failure_says_whether_an_address_is_of_no_use() -> None:
    assert {code: each.kind for code, each in FAILURES.items()} == {
        "failed": FailureKind.UNEXPLAINED,
        "noAccount": FailureKind.UNREACHABLE,
        "notInGroup": FailureKind.UNREACHABLE,
    }


def test_an_operator_is_warned_at_every_start() -> None:
    assert "ban" in (GREENAPI.warning or "")


def test_each_setting_names_the_variable_that_fills_it() -> None:
    properties = GREENAPI.config.model_json_schema()["properties"]

    assert {name: each["env"] for name, each in properties.items()} == {
        "id_instance": "GREENAPI_ID_INSTANCE",
        "api_token": "GREENAPI_API_TOKEN",
        "phone_number": "GREENAPI_PHONE_NUMBER",
        "base_url": "GREENAPI_BASE_URL",
        "webhook_secret": "GREENAPI_WEBHOOK_SECRET",
        "webhook_token": "GREENAPI_WEBHOOK_TOKEN",
    }


def test_an_instance_is_named_by_its_number_and_lives_at_the_usual_host() -> None:
    config = GreenApiConfig.model_validate({**CONFIG, "id_instance": 1101000001})

    assert config.id_instance == "1101000001"
    assert config.base_url == "https://api.green-api.com"


@pytest.mark.parametrize("field", ["id_instance", "api_token", "phone_number"])
def test_a_setting_that_is_missing_is_named(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        GreenApiConfig.model_validate({key: CONFIG[key] for key in CONFIG if key != field})


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_instance": "waInstance-private"},
        {"id_instance": "1101000001/../private"},
        {"api_token": ""},
        {"api_token": "private/../token"},
        {"api_token": "private-tökén"},
        {"phone_number": "14155550100"},
        {"phone_number": "14155550100@c.us"},
        {"base_url": "ftp://private"},
        {"base_url": "https://api.green-api.com/"},
        {"webhook_secret": "private"},
        {"webhook_secret": "private/private-private"},
        {"webhook_secret": "private?private-private"},
        {"webhook_token": "private"},
        {"webhook_token": None},
        {"webhook_secret": None},
        {"api_tokne": "private"},
    ],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        GreenApiConfig.model_validate({**CONFIG, **wrong})

    told = str(caught.value)
    assert not [each for each in ("private", TOKEN, "4155550100") if each in told]
