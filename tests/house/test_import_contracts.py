"""Every import contract can fail: each catches the import that it forbids, in a bare model tree."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
LAYERED_ROOMS, SERVICE_ROOMS = (
    [room.strip() for row in contract["layers"] for room in re.split("[:|]", row)]
    for contract in CONTRACTS[:2]
)
ROOMS = [
    *(f"trunkline/{room}" for room in LAYERED_ROOMS),
    *(f"trunkline/core/{room}" for room in SERVICE_ROOMS),
    "trunkline/surfaces/mcp", "trunkline/surfaces/rest", "trunkline/surfaces/web",
    "trunkline/surfaces/webhooks",
    "trunkline_deepgram", "trunkline_demo", "trunkline_example", "trunkline_greenapi",
    "trunkline_local_storage", "trunkline_postgres", "trunkline_resend", "trunkline_s3",
    "trunkline_elevenlabs",
    "trunkline_edgetts",
    "trunkline_local_voice",
    "trunkline_smtp", "trunkline_sqlite", "trunkline_twilio",
]  # fmt: skip
LAYERS = "Each layer imports downwards only, and every room has a layer"
CORE = "The rooms of the service layer stand above one another, without a circle"
LIGHT = "What adapters import is light"
SERVICE = "The service layer knows no framework"
SURFACES = "Surfaces are strangers to one another"
ADAPTERS = "Adapters import the sdk and nothing else of the hub"
STRANGERS = "Adapters are strangers to one another"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The rooms without their furniture; three files name the heavy library that they may."""
    for room in ROOMS:
        (tmp_path / room).mkdir(parents=True, exist_ok=True)
    for folder in [*tmp_path.glob("trunkline*"), *tmp_path.glob("trunkline/**")]:
        (folder / "__init__.py").touch()
    for may in ("sdk/database.py", "testing/reads.py", "testing/transactions.py"):
        (tmp_path / "trunkline" / may).write_text("import sqlalchemy\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def verdict(model: Path) -> str:
    """Return what lint-imports says about the model."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        check=False, cwd=model, env={**os.environ, "PYTHONPATH": str(model)},
        stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip


def test_a_tree_of_strangers_keeps_every_contract(model: Path) -> None:
    assert "7 kept, 0 broken" in verdict(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "imports", "contract"),
    [
        ("trunkline/core/gate/x.py", "trunkline.surfaces.mcp", LAYERS),
        ("trunkline/surfaces/rest/x.py", "trunkline.app", LAYERS),
        ("trunkline/db/x.py", "trunkline.core", LAYERS),
        ("trunkline/loading/x.py", "trunkline.settings", LAYERS),
        ("trunkline/testing/x.py", "trunkline.loading", LAYERS),
        ("trunkline/sdk/x.py", "trunkline.db", LAYERS),
        ("trunkline/attic.py", "json", LAYERS),
        ("trunkline/core/delivery/x.py", "trunkline.core.sending", CORE),
        ("trunkline/core/attic.py", "json", CORE),
        ("trunkline/sdk/x.py", "sqlalchemy", LIGHT),
        ("trunkline/testing/x.py", "starlette", LIGHT),
        ("trunkline/core/gate/x.py", "mcp.server", SERVICE),
        ("trunkline/surfaces/mcp/x.py", "trunkline.surfaces.rest", SURFACES),
        ("trunkline_demo/x.py", "trunkline.core", ADAPTERS),
        ("trunkline_demo/x.py", "trunkline_sqlite", STRANGERS),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    file: str, imports: str, contract: str, model: Path
) -> None:
    (model / file).write_text(f"import {imports}\n")
    assert f"{contract} BROKEN" in verdict(model)


def test_the_rooms_that_adapters_may_not_enter_are_all_but_the_sdk() -> None:
    closed = next(c for c in CONTRACTS if c["name"] == ADAPTERS)["forbidden_modules"]
    assert {f"trunkline.{room}" for room in LAYERED_ROOMS} - set(closed) == {"trunkline.sdk"}
