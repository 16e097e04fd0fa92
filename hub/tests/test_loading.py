"""How the hub finds plugins, and what it does with the ones that do not load."""

import sys

import pytest

from hub.tests.installed import InstalledPlugins
from trunkline.loading import (
    PluginReport,
    Plugins,
    PluginState,
    RequiredPluginMissing,
    load_plugins,
)
from trunkline.sdk import NotConfigured

PREAMBLE = """
from pydantic import BaseModel
from trunkline.sdk import Capability, DatabaseSpec, ProviderSpec, Site, hookimpl

def provider(name):
    return ProviderSpec(
        name=name, config=BaseModel, open=None, capabilities=frozenset({Capability.SMS_SEND})
    )

def database(name):
    return DatabaseSpec(name=name, schemes=(name, name + "+x"), embedded=True, open=None)
"""


def telephony(*names: str) -> str:
    """Return the source of a plugin that offers these providers."""
    specs = ", ".join(f"provider({name!r})" for name in names)
    return f"""{PREAMBLE}
@hookimpl
def trunkline_register_telephony():
    return [{specs}]
"""


def load(
    installed: InstalledPlugins, *, disabled: tuple[str, ...] = (), required: tuple[str, ...] = ()
) -> Plugins:
    return load_plugins(
        disabled=disabled, required=required, distributions=installed.distributions()
    )


def only_report(plugins: Plugins) -> PluginReport:
    (report,) = plugins.reports
    return report


def test_a_good_plugin_is_loaded_and_reported_with_what_it_offers(
    installed: InstalledPlugins,
) -> None:
    installed.add(
        "everything",
        telephony("alpha", "beta")
        + """
@hookimpl
def trunkline_register_database():
    return (database("paper"),)

@hookimpl
def trunkline_register_sites():
    return [Site(prefix="/p/everything", app=None)]
""",
    )

    plugins = load(installed)

    assert only_report(plugins) == PluginReport(
        name="everything",
        dist="trunkline-everything",
        version="0.3.0",
        state=PluginState.LOADED,
        kinds=("database", "sites", "telephony"),
        providers=("alpha", "beta", "paper"),
        capabilities=("sms.send",),
    )
    assert sorted(plugins.telephony) == ["alpha", "beta"]
    assert sorted(plugins.databases) == ["paper", "paper+x"]
    assert sorted(plugins.sites) == ["/p/everything"]


def test_plugins_load_in_name_order_whatever_their_distributions_are_called(
    installed: InstalledPlugins,
) -> None:
    installed.add("beta", telephony("b"), dist="aaa")
    installed.add("alpha", telephony("a"), dist="zzz")

    plugins = load(installed)

    assert [report.name for report in plugins.reports] == ["alpha", "beta"]
    assert list(plugins.telephony) == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("raise RuntimeError('first line\\nsecond line')", "RuntimeError: first line"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (
            "import a_module_nobody_has",
            "ModuleNotFoundError: No module named 'a_module_nobody_has'",
        ),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "<exception str() failed>"),
        ("raise ValueError('x' * 999)", "ValueError: xxx"),
    ],
)
def test_a_plugin_that_breaks_at_import_leaves_the_others_loaded(
    installed: InstalledPlugins, source: str, detail: str
) -> None:
    installed.add("broken", source)
    installed.add("good", telephony("good"))

    plugins = load(installed)
    broken, good = plugins.reports

    assert broken.state is PluginState.FAILED
    assert detail in broken.detail
    assert "\n" not in broken.detail
    assert len(broken.detail) <= 300
    assert good.state is PluginState.LOADED
    assert list(plugins.telephony) == ["good"]


def test_a_keyboard_interrupt_is_the_persons_and_passes(installed: InstalledPlugins) -> None:
    installed.add("slow", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        load(installed)


def test_a_disabled_plugin_is_never_imported(installed: InstalledPlugins) -> None:
    module = installed.add("quiet", telephony("quiet"))

    report = only_report(load(installed, disabled=("quiet",)))

    assert report.state is PluginState.DISABLED
    assert module not in sys.modules


@pytest.mark.parametrize(
    "wanted", ["trunkline>=2", "Trunkline[server] >=0.9,<1", "trunkline==1.0.1"]
)
def test_a_plugin_for_another_hub_is_never_imported(
    installed: InstalledPlugins, wanted: str
) -> None:
    module = installed.add("future", telephony("future"), requires=["pydantic>=2", wanted])

    report = only_report(load(installed))

    assert report.state is PluginState.INCOMPATIBLE
    assert report.detail.startswith("It needs trunkline")
    assert module not in sys.modules


def test_a_requirement_of_an_extra_does_not_make_a_plugin_incompatible(
    installed: InstalledPlugins,
) -> None:
    installed.add("fine", telephony("fine"), requires=["trunkline>=9; extra == 'next'"])

    assert only_report(load(installed)).state is PluginState.LOADED


def test_an_unreadable_requirement_is_that_plugins_failure(installed: InstalledPlugins) -> None:
    installed.add("garbled", telephony("garbled"), requires=["trunkline >>> 1"])

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    assert "InvalidRequirement" in report.detail


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


def test_a_plugin_name_that_two_distributions_declare_loads_from_neither(
    installed: InstalledPlugins,
) -> None:
    modules = [
        installed.add("sms", telephony("genuine"), dist="trunkline-sms"),
        installed.add("sms", telephony("intruder"), dist="aaa-sms"),
    ]

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    assert report.detail == "aaa-sms and trunkline-sms both declare the plugin 'sms'."
    assert not set(modules) & set(sys.modules)


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


@pytest.mark.parametrize(
    ("source", "requires", "disabled", "sentence"),
    [
        ("", ["trunkline"], ("dnc",), "is disabled: run `trunkline plugins enable dnc`."),
        ("", ["trunkline>=2"], (), "is incompatible: install a version that fits. It needs"),
        ("raise OSError('x')", [], (), "failed to load: repair or replace it. OSError: x"),
    ],
)
def test_a_required_plugin_that_did_not_load_stops_the_start_and_says_why(
    installed: InstalledPlugins,
    source: str,
    requires: list[str],
    disabled: tuple[str, ...],
    sentence: str,
) -> None:
    installed.add("dnc", source, requires=requires)

    with pytest.raises(RequiredPluginMissing) as caught:
        load(installed, required=("dnc",), disabled=disabled)

    assert str(caught.value).startswith("The required plugin 'dnc' (trunkline-dnc 0.3.0) ")
    assert sentence in str(caught.value)
    assert isinstance(caught.value, NotConfigured)


def test_a_required_plugin_that_is_not_installed_stops_the_start(
    installed: InstalledPlugins,
) -> None:
    with pytest.raises(RequiredPluginMissing, match="'dnc' is not installed"):
        load(installed, required=("dnc",))


def test_a_required_plugin_that_loaded_is_no_obstacle(installed: InstalledPlugins) -> None:
    installed.add("dnc", telephony("dnc"))

    assert only_report(load(installed, required=("dnc",))).state is PluginState.LOADED
