"""
Hubs that are killed under load lose nothing, double nothing and claim nothing falsely.

One run on each database; ``run.py chaos`` has them all.
"""

from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from plugins.postgres.tests.server import postgres_server
from tests.chaos.crash import SPEAKING, STEPS
from tests.chaos.drive import DURABLE, Plan, carry_out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channel", "flavour", "database", "hubs"),
    [
        ("sms", "none", "sqlite", 1),
        ("email", "key", "sqlite", 1),
        ("whatsapp", "lookup", "sqlite", 1),
        ("voice", "lookup", "sqlite", 1),
        pytest.param("sms", "key", "postgres", 3, marks=pytest.mark.postgres),
    ],
)
async def test_whatever_is_killed_under_load_every_message_is_accounted_for(
    tmp_path: Path, channel: str, flavour: str, database: str, hubs: int
) -> None:
    plan = Plan(
        flavour=flavour,
        database=database,
        hubs=hubs,
        kills=4,
        seed=20261121,
        channel=channel,
        sends_per_s=20,
        patience_s=60,
    )
    with postgres_server(DURABLE) if database == "postgres" else nullcontext() as server:
        outcome = await carry_out(plan, tmp_path, server)

    assert outcome.violations == {}
    assert outcome.kills >= plan.kills
    assert outcome.acknowledged
    assert outcome.unsure, "no kill came between a message and its outcome"
    assert outcome.arrived


@pytest.mark.parametrize("name", STEPS | SPEAKING)
def test_every_step_at_which_a_hub_kills_itself_is_still_there(name: str) -> None:
    step = (STEPS | SPEAKING)[name]
    found: Any = import_module(step.module)
    for part in step.function.split("."):
        found = getattr(found, part)

    assert callable(found)
