"""What a plugin may offer through its hooks, and what makes it a failure."""

import pytest

from hub.tests.installed import PREAMBLE, InstalledPlugins, load, only_report, telephony
from trunkline.loading import PluginState
from trunkline.sdk import hookspecs


def test_a_provider_name_that_is_taken_fails_the_later_plugin_and_names_both(
    installed: InstalledPlugins,
) -> None:
    installed.add("first", telephony("twin"))
    installed.add("second", telephony("other", "twin"))

    plugins = load(installed)
    first, second = plugins.reports

    assert first.state is PluginState.LOADED
    assert second.state is PluginState.FAILED
    assert second.detail == "'second' offers telephony provider 'twin'; 'first' already does."
    assert list(plugins.telephony) == ["twin"]


@pytest.mark.parametrize(
    ("hook", "spec", "taken"),
    [
        ("database", "database('paper')", "database scheme 'paper'"),
        ("sites", "Site(prefix='/p/x', app=None)", "sites prefix '/p/x'"),
        ("telephony", "provider('x'), provider('x')", "telephony provider 'x'"),
    ],
)
def test_a_collision_of_any_kind_files_nothing_of_the_later_plugin(
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

    assert plugins.reports[1].state is PluginState.FAILED
    assert taken in plugins.reports[1].detail
    assert "innocent" not in {*plugins.telephony, *plugins.databases}


def test_one_plugin_may_not_offer_one_name_twice(installed: InstalledPlugins) -> None:
    installed.add("stutter", telephony("twin", "twin"))

    report = only_report(load(installed))

    assert report.detail == "'stutter' offers telephony provider 'twin'; 'stutter' already does."


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


def test_a_spec_with_junk_inside_is_a_failure_and_files_nothing(
    installed: InstalledPlugins,
) -> None:
    source = telephony("hollow").replace("frozenset({Capability.SMS_SEND})", "None")
    installed.add("hollow", source)

    plugins = load(installed)

    assert only_report(plugins).state is PluginState.FAILED
    assert not plugins.telephony


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
