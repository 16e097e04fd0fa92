"""How the hub finds plugins, and what it does with the ones that do not load."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.loading import PluginReport, PluginState, RequiredPluginMissing, load_plugins
from trunkline.sdk import NotConfigured

from .installed import PREAMBLE, InstalledPlugins, load, only_report, telephony


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
    return [Site(prefix="/p/everything", app=app)]
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


def test_of_two_copies_of_a_distribution_the_one_that_imports_would_find_counts(
    installed: InstalledPlugins, tmp_path: Path
) -> None:
    installed.add("twin", telephony("twin"))
    hidden = tmp_path / "site-packages"
    hidden.mkdir()
    InstalledPlugins(hidden).add("twin", telephony("hidden"), dist="Trunkline.twin")

    plugins = load_plugins(
        distributions=[*installed.distributions(), *InstalledPlugins(hidden).distributions()]
    )

    assert only_report(plugins).state is PluginState.LOADED
    assert only_report(plugins).dist == "trunkline-twin"


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


def test_a_persons_interrupt_ends_the_loading(installed: InstalledPlugins) -> None:
    installed.add("slow", "import signal\nsignal.raise_signal(signal.SIGINT)")

    # What runs in the background of a shell ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            load(installed)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
@pytest.mark.parametrize("where", ["import", "hook", "making"])
def test_case_d12_whatever_a_plugin_raises_only_that_plugin_is_left_out(
    installed: InstalledPlugins, raised: str, where: str
) -> None:
    hook = f"    @hookimpl\n    def trunkline_register_telephony(self): raise {raised}\n"
    source = {
        "import": f"raise {raised}",
        "hook": f"{PREAMBLE}\nclass Plugin:\n{hook}",
        "making": f"class Plugin:\n    def __init__(self): raise {raised}",
    }[where]
    installed.add("broken", source, target="" if where == "import" else "Plugin")
    installed.add("good", telephony("good"))

    broken, good = load(installed).reports

    assert (broken.state, good.state) == (PluginState.FAILED, PluginState.LOADED)
    assert raised in broken.detail


def test_a_hub_whose_standard_output_is_closed_loads_its_plugins_all_the_same() -> None:
    code = "from trunkline.loading import load_plugins as l; assert l(distributions=[]) is not None"
    for closed in ("1", "2"):
        shell = ["sh", "-c", f'exec "$0" -c "$1" {closed}>&-', sys.executable, code]
        assert subprocess.run(shell, check=False).returncode == 0


PRINTING = """
import os, subprocess, sys

def say():
    print("by print")
    sys.__stdout__.write("by the stream itself\\n")
    os.write(1, b"by the descriptor\\n")
    subprocess.run(["echo", "by another process"])
"""


def test_case_d12_what_a_plugin_prints_while_it_is_loaded_goes_to_standard_error(
    installed: InstalledPlugins, capfd: pytest.CaptureFixture[str]
) -> None:
    installed.add("loud", f"{PRINTING}say()\n" + telephony("loud") + "    say()\n")
    source = telephony("talking").replace("    return [", "    say()\n    return [")
    installed.add("talking", PRINTING + source)

    plugins = load(installed)
    sys.stdout.write("and this is the hub's\n")
    out, err = capfd.readouterr()

    assert sorted(plugins.telephony) == ["loud", "talking"]
    assert out == "and this is the hub's\n"
    for how in ("print", "the stream itself", "the descriptor", "another process"):
        assert err.count(f"by {how}") == 2


def test_case_d12_a_plugin_that_closes_its_streams_leaves_the_others_theirs(
    installed: InstalledPlugins, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = "import sys\nsys.stdout.close()\nsys.stderr.close()\n"
    installed.add("closing", closing + telephony("closing"))
    installed.add("loud", f"{PRINTING}say()\n" + telephony("loud"))
    with open(2, "w", closefd=False) as stderr:  # one that can be closed, unlike capfd's
        monkeypatch.setattr(sys, "stderr", stderr)
        plugins = load(installed)
        assert not stderr.closed
        monkeypatch.undo()

    assert sorted(plugins.telephony) == ["closing", "loud"]
    assert "by print" in capfd.readouterr().err


@pytest.mark.parametrize("target", ["", "a-b", "two words:x", "x:"])
def test_case_d12_an_entry_point_that_is_none_is_told_as_such(
    installed: InstalledPlugins, target: str
) -> None:
    module = installed.add("odd", telephony("odd"))
    (file,) = installed.folder.glob("*.dist-info/entry_points.txt")
    file.write_text(f"[trunkline.plugins]\nodd = {module} {target}:!\n")

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    assert "MODULE:OBJECT" in report.detail


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


def test_a_plugin_name_that_two_distributions_declare_loads_from_neither(
    installed: InstalledPlugins,
) -> None:
    modules = [
        installed.add("sms", telephony("genuine"), dist="trunkline-sms"),
        installed.add("sms", telephony("intruder"), dist="aaa-sms"),
    ]

    found = list(installed.distributions())
    reports = [only_report(load_plugins(distributions=order)) for order in (found, reversed(found))]

    assert reports[0] == reports[1]
    assert reports[0].state is PluginState.FAILED
    assert reports[0].detail == "aaa-sms and trunkline-sms both declare the plugin 'sms'."
    assert not set(modules) & set(sys.modules)


def test_the_remains_of_a_broken_uninstall_are_no_plugin(installed: InstalledPlugins) -> None:
    installed.add("good", telephony("good"))
    (remains,) = installed.folder.glob("*.dist-info")
    shutil.copytree(remains, installed.folder / "gone-1.0.dist-info")
    (installed.folder / "gone-1.0.dist-info" / "METADATA").unlink()

    assert only_report(load(installed)).state is PluginState.LOADED


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
