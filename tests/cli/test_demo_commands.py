"""What the demo prints: its commands are for this very hub."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from trunkline import demonstration
from trunkline.demonstration import DemoAgent, DemoFacts, DemoHandset, kept_here, welcome
from trunkline.sdk import ENTRY_POINT_GROUP
from trunkline.settings import Settings

AGENT = DemoAgent(agent_id="ava", token="tl_agent_1", phone="+12025550101")
FACTS = DemoFacts(
    base_url="http://127.0.0.1:3100",
    mcp_url="http://127.0.0.1:3100/mcp",
    admin_token="tl_admin_1",
    agents=[AGENT, AGENT],
    handset=DemoHandset(phone="+12025550150"),
)


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({}, ""),
        ({"--data-dir": Path("/srv/a b")}, " --data-dir '/srv/a b'"),
        (
            {"--config": Path("/t.toml"), "--data-dir": Path("/d")},
            " --config /t.toml --data-dir /d",
        ),
    ],
)
def test_the_commands_that_the_demo_prints_find_this_very_hub(
    files: dict[str, Path], options: str
) -> None:
    printed = welcome(FACTS, files).splitlines()

    assert f"DEMO_MODE=true trunkline agents list{options}" in printed


@pytest.mark.parametrize(
    ("installed", "slots"),
    [
        ((), ("demo", "demo", "demo")),
        (("local-storage",), ("demo", "demo", "local-storage")),
        (("local-voice",), ("local-voice", "demo", "demo")),
        (("local-voice", "pocketsphinx"), ("local-voice", "demo", "demo")),
        (("local-voice", "flite"), ("local-voice", "demo", "demo")),
        (("local-voice", "pocketsphinx", "flite"), ("local-voice", "local-voice", "demo")),
    ],
)
def test_the_demo_speaks_listens_and_stores_on_this_machine(
    installed: tuple[str, ...], slots: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = [EntryPoint(each, "nothing", ENTRY_POINT_GROUP) for each in installed]
    monkeypatch.setattr(demonstration, "entry_points", lambda group: plugins)
    monkeypatch.setattr(demonstration, "find_spec", {each: each for each in installed}.get)
    monkeypatch.setattr(demonstration, "which", {each: each for each in installed}.get)

    kept = kept_here(Settings()).slots.by_kind()

    assert [kept[kind] for kind in ("tts", "stt", "storage")] == [(each,) for each in slots]


def test_the_demo_leaves_a_slot_that_is_set_and_a_plugin_that_is_not_wanted() -> None:
    settings = Settings.model_validate(
        {"slots": {"tts": ["acme", "local-voice"]}, "plugins": {"disabled": ["local-storage"]}}
    )

    slots = kept_here(settings).slots.by_kind()

    assert slots["tts"] == ("acme", "local-voice")
    assert slots["storage"] == ("demo",)
