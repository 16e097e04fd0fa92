"""The installed plugin, as the hub finds it."""

from importlib.metadata import Distribution

from trunkline.loading import PluginReport, PluginState, load_plugins
from trunkline_example.plugin import EXAMPLE


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-example")

    plugins = load_plugins(distributions=[dist], required=["example"])

    assert plugins.telephony == {"example": EXAMPLE}
    assert plugins.reports == (
        PluginReport(
            name="example",
            dist="trunkline-example",
            version=dist.version,
            state=PluginState.LOADED,
            kinds=("telephony",),
            providers=("example",),
            capabilities=("lookup.by_id", "mms.send", "sms.receive", "sms.send", "sms.status"),
        ),
    )


def test_each_credential_names_the_variable_that_fills_it() -> None:
    properties = EXAMPLE.config.model_json_schema()["properties"]

    assert properties["api_key"]["env"] == "EXAMPLE_API_KEY"
    assert properties["signing_secret"]["env"] == "EXAMPLE_SIGNING_SECRET"
