"""Adapters that are made for the bench, to be found beside the real ones."""

from pathlib import Path
from typing import Final

_PLUGIN: Final = """
from collections.abc import Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trunkline.sdk import Capability, ProviderSpec, TelephonyProvider, hookimpl


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    account: str = Field(min_length=1, json_schema_extra={"env": "ADAPTERNUMBER_ACCOUNT"})
    secret: SecretStr
    base_url: str = Field("https://api.example.com", pattern="^https?://[^/]+$")


@asynccontextmanager
async def open_provider(config, context):
    yield TelephonyProvider()


@hookimpl
def trunkline_register_telephony():
    return [
        ProviderSpec(
            name="adapterNUMBER",
            config=Config,
            open=open_provider,
            capabilities=frozenset({Capability.SMS_SEND}),
        )
    ]
"""


def write_distribution(directory: Path, name: str, value: str) -> None:
    """Write what makes the hub find a plugin: a distribution that has an entry point."""
    info = directory / f"trunkline_{name}-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: trunkline-{name}\nVersion: 1.0.0\n"
        "Requires-Dist: trunkline>=1.0,<2\n"
    )
    (info / "entry_points.txt").write_text(f"[trunkline.plugins]\n{name} = {value}\n")


def write_adapters(directory: Path, most: int) -> None:
    """Write so many installed adapters, each with a module and a configuration of its own."""
    directory.mkdir(exist_ok=True)
    for number in range(most):
        module = f"trunkline_adapter{number}"
        (directory / f"{module}.py").write_text(_PLUGIN.replace("NUMBER", str(number)))
        write_distribution(directory, f"adapter{number}", module)
