"""What the demo prints: its commands are for this very hub."""

from pathlib import Path

import pytest

from trunkline.demonstration import DemoAgent, DemoFacts, DemoHandset, welcome

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
