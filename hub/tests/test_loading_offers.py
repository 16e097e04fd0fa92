"""What a plugin may offer through its hooks, and what makes it a failure."""

import pytest

from trunkline.loading import PluginState, RequiredPluginMissing
from trunkline.sdk import hookspecs

from .installed import PREAMBLE, InstalledPlugins, load, only_report, telephony


def configured(name: str, variable: str) -> str:
    """Return the source of a plugin whose provider reads a variable."""
    return f"""{PREAMBLE}
from pydantic import Field

class Config(BaseModel):
    key: str = Field(json_schema_extra={{"env": {variable!r}}})

@hookimpl
def trunkline_register_telephony():
    return [provider({name!r}, config=Config)]
"""


def test_case_d11_of_plugins_that_offer_one_provider_none_is_loaded_and_each_is_told_the_other(
    installed: InstalledPlugins,
) -> None:
    installed.add("aaa", telephony("other", "twin"))
    installed.add("genuine", telephony("twin"))
    installed.add("good", telephony("good"))

    plugins = load(installed)
    impostor, genuine, _ = plugins.reports

    assert impostor.state is genuine.state is PluginState.FAILED
    assert impostor.detail == genuine.detail
    assert "'aaa' and 'genuine' both offer the provider 'twin'" in genuine.detail
    assert (genuine.kinds, genuine.providers, genuine.capabilities) == ((), (), ())
    assert list(plugins.telephony) == ["good"]


def test_case_d11_a_required_plugin_whose_provider_another_offers_too_stops_the_start(
    installed: InstalledPlugins,
) -> None:
    installed.add("aaa", telephony("twin"))
    installed.add("genuine", telephony("twin"))

    with pytest.raises(RequiredPluginMissing, match="'aaa' and 'genuine' both offer"):
        load(installed, required=("genuine",))


def test_case_d11_once_the_other_one_is_disabled_the_meant_one_loads(
    installed: InstalledPlugins,
) -> None:
    installed.add("aaa", telephony("twin"))
    installed.add("genuine", telephony("twin"))

    plugins = load(installed, disabled=("aaa",))

    assert list(plugins.telephony) == ["twin"]


@pytest.mark.parametrize(
    ("hook", "spec", "taken"),
    [
        ("database", "database('paper')", "the database scheme 'paper'"),
        ("sites", "Site(prefix='/p/x', app=app)", "the site '/p/x'"),
        ("telephony", "provider('x')", "the provider 'x'"),
    ],
)
def test_a_clash_of_any_kind_leaves_out_all_that_either_offers(
    installed: InstalledPlugins, hook: str, spec: str, taken: str
) -> None:
    source = f"{PREAMBLE}\n@hookimpl\ndef trunkline_register_{hook}():\n    return [{spec}]\n"
    installed.add("first", source)
    extra = "\n@hookimpl\ndef trunkline_register_%s():\n    return [%s]\n" % (
        ("telephony", "provider('innocent')")
        if hook != "telephony"
        else ("database", "database('innocent')")
    )
    installed.add("second", source + extra)

    plugins = load(installed)

    assert [each.state for each in plugins.reports] == [PluginState.FAILED] * 2
    assert all(taken in each.detail for each in plugins.reports)
    assert not {*plugins.telephony, *plugins.databases, *plugins.sites}


def test_case_d11_two_plugins_that_read_one_variable_are_both_left_out(
    installed: InstalledPlugins,
) -> None:
    installed.add("genuine", configured("acme", "ACME_AUTH_TOKEN"))
    installed.add("impostor", configured("acme-auth", "ACME_AUTH_TOKEN"))

    plugins = load(installed)

    assert not plugins.telephony
    assert all("to read the variable ACME_AUTH_TOKEN" in each.detail for each in plugins.reports)


def test_one_plugin_may_not_offer_one_name_twice(installed: InstalledPlugins) -> None:
    installed.add("stutter", telephony("twin", "twin"))

    report = only_report(load(installed))

    assert report.detail == "installed_trunkline_stutter offers telephony 'twin' twice."


def test_a_misspelt_hook_is_a_failure(installed: InstalledPlugins) -> None:
    installed.add("typo", telephony("typo").replace("_telephony", "_telefony"))

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    assert "unknown hook 'trunkline_register_telefony'" in report.detail


def test_an_entry_point_without_hooks_is_a_failure(installed: InstalledPlugins) -> None:
    module = installed.add("empty", "")

    assert only_report(load(installed)).detail == f"{module} implements no hook."


@pytest.mark.parametrize(
    "junk", ["None", "provider('x')", "'twilio'", "[database('x')]", "[None]", "iter(())", "{1: 2}"]
)
def test_a_hook_that_returns_no_sequence_of_its_specs_is_a_failure(
    installed: InstalledPlugins, junk: str
) -> None:
    source = f"{PREAMBLE}\n@hookimpl\ndef trunkline_register_telephony():\n    return {junk}\n"
    installed.add("junk", source)

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    assert "trunkline_register_telephony must return a sequence of ProviderSpec" in report.detail


@pytest.mark.parametrize(
    "hook", [name for name in vars(hookspecs) if name.startswith("trunkline_")]
)
def test_every_hook_there_is_gets_called(installed: InstalledPlugins, hook: str) -> None:
    installed.add("junk", f"{PREAMBLE}\n@hookimpl\ndef {hook}():\n    return None\n")

    assert f"{hook} must return" in only_report(load(installed)).detail


def test_a_plugin_class_is_made_anew_for_each_hub(installed: InstalledPlugins) -> None:
    source = f"""{PREAMBLE}
class Plugin:
    made = 0

    def __init__(self):
        Plugin.made += 1
        self.name = f"number-{{Plugin.made}}"

    @hookimpl
    def trunkline_register_telephony(self):
        return [provider(self.name)]
"""
    installed.add("stateful", source, target="Plugin")

    assert list(load(installed).telephony) == ["number-1"]
    assert list(load(installed).telephony) == ["number-2"]
