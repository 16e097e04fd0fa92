"""`trunkline plugins check`: an adapter's own suite, found and run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from hub.tests.installed import PREAMBLE
from tests.cli.commands import Shell

RATE_LIMIT = "return RetryLater("
OTHERS = {
    "test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait": "as above",
    "test_a_date_to_wait_for_is_read_by_the_clock_of_the_context": "as above",
    **{
        f"test_a_wait_that_cannot_be_read_is_still_a_time_to_wait[{wait}]": "as above"
        for wait in ("soon", "-5", "nan", "", "Wed, 21 Oct 2026 07:28:00 GMT")
    },
}
"""What else `break_rate_limits` breaks."""


def install(shell: Shell, *, editable: bool = True) -> Path:
    """Write an adapter `acme`, and leave what an installer leaves of it; return its folder."""
    shell.run("new-plugin", "acme", "--kind", "telephony")
    folder = shell.folder / "trunkline-acme"
    info = shell.plugins.folder / "trunkline_acme-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: trunkline-acme\nVersion: 0.1.0\nRequires-Dist: trunkline>=1.0,<2\n"
    )
    (info / "entry_points.txt").write_text("[trunkline.plugins]\nacme = trunkline_acme.plugin\n")
    origin = {"url": folder.as_uri(), "dir_info": {"editable": editable}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    return folder


def check(shell: Shell, *options: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(shell.plugins.folder), "trunkline-acme/src"])
    return shell.run("plugins", "check", "acme", *options, PYTHONPATH=path)


def break_rate_limits(folder: Path) -> None:
    sms = folder / "src/trunkline_acme/sms.py"
    text = sms.read_text()
    assert RATE_LIMIT in text
    sms.write_text(text.replace("case 429:", "case 999:"))


@pytest.mark.slow
def test_an_adapter_as_written_conforms(shell: Shell) -> None:
    install(shell)

    done = check(shell)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d{3} passed", done.stdout)
    assert done.stdout.endswith("acme conforms.\n")


@pytest.mark.slow
def test_an_adapter_that_breaks_a_promise_does_not(shell: Shell) -> None:
    break_rate_limits(install(shell))

    done = check(shell)

    assert done.returncode == 1
    assert "test_a_refusal_becomes_the_error_that_says_what_to_do[rate_limited]" in done.stdout
    assert done.stderr.endswith("Error: The adapter does not conform; see above.\n")


LIMITED = "test_a_refusal_becomes_the_error_that_says_what_to_do[rate_limited]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap", "mended", "code", "told"),
    [
        (LIMITED, False, 0, f"{LIMITED} - the vendor is asked"),
        (LIMITED, True, 1, "[XPASS(strict)] the vendor is asked"),
        ("test_a_refusal_becomes_nothing", True, 1, "known_gaps: there is no test"),
    ],
)
def test_a_known_gap_is_told_and_once_it_is_mended_the_check_is_red(
    shell: Shell, gap: str, mended: bool, code: int, told: str
) -> None:
    folder = install(shell)
    if not mended:
        break_rate_limits(folder)
    suite = folder / "tests/test_conformance.py"
    gaps = {gap: "the vendor is asked", **({} if mended else OTHERS)}
    suite.write_text(f"{suite.read_text()}    known_gaps = {gaps!r}\n")

    done = check(shell)

    assert done.returncode == code, done.stdout + done.stderr
    assert told in done.stdout


@pytest.mark.slow
def test_tests_without_a_suite_for_the_adapter_prove_nothing(shell: Shell) -> None:
    tests = install(shell) / "tests"
    (tests / "test_conformance.py").write_text("def test_nothing(): pass\n")

    done = check(shell)

    assert done.returncode == 1
    assert "holds no conformance suite for acme (telephony)." in done.stderr


@pytest.mark.slow
def test_a_plugin_of_two_kinds_needs_a_suite_of_each(shell: Shell) -> None:
    folder = install(shell)
    plugin = folder / "src/trunkline_acme/plugin.py"
    plugin.write_text(
        f"{plugin.read_text()}\n"
        "from trunkline.sdk import EmailProvider\n"
        "class Mails(EmailProvider): ...\n"
        "@hookimpl\n"
        "def trunkline_register_email():\n"
        "    def opened(config, context): ...\n"
        "    return [ProviderSpec(\n"
        "        name='acme', config=AcmeConfig, open=opened, capabilities=frozenset()\n"
        "    )]\n"
    )

    done = check(shell)

    assert done.returncode == 1
    assert "holds no conformance suite for acme (email)." in done.stderr


def test_tests_that_are_not_installed_must_be_named(shell: Shell) -> None:
    install(shell, editable=False)

    done = check(shell)

    assert done.returncode == 1
    assert done.stderr.endswith("Say where they lie: --tests DIR\n")


@pytest.mark.slow
def test_tests_are_taken_from_where_they_are_said_to_lie(shell: Shell) -> None:
    install(shell, editable=False)

    done = check(shell, "--tests", "trunkline-acme/tests")

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_adapter_that_does_not_load_is_told_with_the_reason(shell: Shell) -> None:
    shell.plugins.add("acme", "raise RuntimeError('the vendor library is too old')")

    done = check(shell)

    assert done.returncode == 1
    assert "acme is failed" in done.stderr
    assert "the vendor library is too old" in done.stderr


def test_a_plugin_of_a_kind_without_a_suite_is_told_so(shell: Shell) -> None:
    shell.plugins.add("bare", f"{PREAMBLE}\n@hookimpl\ndef trunkline_register_sites(): return []\n")

    done = shell.run("plugins", "check", "bare")

    assert done.returncode == 1
    assert done.stderr == "Error: bare offers nothing that there is a suite for.\n"


@pytest.mark.slow
def test_a_database_is_checked_by_its_own_suite(shell: Shell) -> None:
    (shell.folder / "test_sqlite.py").write_text(
        "import pytest\n"
        "from trunkline.testing.database import BaseDatabaseConformance\n"
        "from trunkline_sqlite.plugin import trunkline_register_database\n"
        "class TestSqlite(BaseDatabaseConformance):\n"
        "    (spec,) = trunkline_register_database()\n"
        "    @pytest.fixture\n"
        "    def url(self): return 'sqlite:///trunkline.db'\n"
    )

    done = shell.run("plugins", "check", "sqlite", "--tests", "test_sqlite.py")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("sqlite conforms.\n")


def test_an_unknown_name_is_answered_with_the_nearest(shell: Shell) -> None:
    done = shell.run("plugins", "check", "exmple")

    assert done.returncode == 1
    assert done.stderr == "Error: No plugin 'exmple' is installed. Did you mean example?\n"


def test_a_python_without_pytest_is_told_what_to_install(shell: Shell) -> None:
    (shell.plugins.folder / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'pytest' else real(name)\n"
    )

    done = shell.run_whole("plugins", "check", "example")

    assert done.returncode == 1
    assert (
        done.stderr
        == 'Error: The conformance suite needs pytest: pip install "trunkline[testing]"\n'
    )
