"""`trunkline providers verify`: a line for each connection, and an exit code for a scheduler."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from trunkline.cli import providers

HELD = {
    "connection": "twilio",
    "kind": "telephony",
    "provider": "twilio",
    "held": "yes",
    "sentence": "It is known.",
}
REFUSED = {**HELD, "connection": "acme", "held": "no", "sentence": "Acme refused the key."}
ABSENT = {"connection": "gone", "provider": "gone", "held": "no", "sentence": "No plugin."}
UNTOLD = {**HELD, "connection": "demo", "held": "untold", "sentence": "It cannot ask."}


@pytest.mark.parametrize(
    ("found", "arguments", "printed", "exit_code"),
    [
        (
            [HELD, UNTOLD],
            [],
            "ok    twilio (telephony): It is known.\nlook  demo (telephony): It cannot ask.\n",
            0,
        ),
        (
            [HELD, REFUSED],
            [],
            (
                "ok    twilio (telephony): It is known.\n"
                "bad   acme (telephony): Acme refused the key.\n"
            ),
            1,
        ),
        ([REFUSED], ["--json"], json.dumps([REFUSED], indent=2) + "\n", 1),
        ([ABSENT], [], "bad   gone: No plugin.\n", 1),
        ([], [], "No connection is configured.\n", 0),
    ],
)
def test_case_c7_each_connection_has_a_line_and_a_bad_one_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    found: list[dict[str, Any]],
    arguments: list[str],
    printed: str,
    exit_code: int,
) -> None:
    monkeypatch.setattr(providers, "operate", lambda *_, **__: {"connections": found})

    done = CliRunner().invoke(providers.providers, ["verify", *arguments])

    assert (done.output, done.exit_code) == (printed, exit_code)


VOICES = [
    {"id": "rms", "name": "flite rms", "languages": ["en-US"]},
    {"id": "emma", "name": "Emma", "languages": []},
]


@pytest.mark.parametrize(
    ("found", "arguments", "printed", "exit_code"),
    [
        (
            {"voices": VOICES, "fault": None},
            [],
            "rms  flite rms (en-US)\nemma  Emma (any language)\n",
            0,
        ),
        ({"voices": VOICES, "fault": None}, ["--json"], json.dumps(VOICES, indent=2) + "\n", 0),
        ({"voices": [], "fault": "It is busy."}, [], "Error: acme: It is busy.\n", 1),
    ],
)
def test_voices_have_a_line_each(
    monkeypatch: pytest.MonkeyPatch,
    found: dict[str, Any],
    arguments: list[str],
    printed: str,
    exit_code: int,
) -> None:
    monkeypatch.setattr(providers, "operate", lambda *_, **__: found)

    done = CliRunner().invoke(providers.providers, ["voices", "acme", *arguments])

    assert (done.output, done.exit_code) == (printed, exit_code)
