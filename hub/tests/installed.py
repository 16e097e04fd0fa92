"""Plugins as an installer leaves them: metadata on disk, modules on `sys.path`."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from textwrap import dedent

from trunkline.loading import PluginReport, Plugins, load_plugins


@dataclass(frozen=True)
class InstalledPlugins:
    """A directory of installed distributions, searched instead of this machine's own."""

    folder: Path

    def add(
        self,
        name: str,
        source: str,
        *,
        dist: str | None = None,
        target: str = "",
        requires: Sequence[str] = ("trunkline>=1.0,<2",),
    ) -> str:
        """Install one plugin and return its module's name; `target` is the object in it, if any."""
        dist = dist or f"trunkline-{name}"
        module = f"installed_{dist.replace('-', '_')}"
        (self.folder / f"{module}.py").write_text(dedent(source))
        info = self.folder / f"{dist.replace('-', '_')}-0.3.0.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        (info / "METADATA").write_text(f"Name: {dist}\nVersion: 0.3.0\n{needs}")
        value = f"{module}:{target}" if target else module
        (info / "entry_points.txt").write_text(f"[trunkline.plugins]\n{name} = {value}\n")
        importlib.invalidate_caches()
        return module

    def distributions(self) -> Iterator[metadata.Distribution]:
        yield from metadata.distributions(path=[str(self.folder)])


PREAMBLE = """
from pydantic import BaseModel
from trunkline.sdk import Capability, DatabaseSpec, ProviderSpec, Site, hookimpl

def opened(what, context):
    raise NotImplementedError

async def app(scope, receive, send):
    raise NotImplementedError

class Nothing(BaseModel):
    pass

def provider(name, **fields):
    usual = {
        "config": Nothing, "open": opened, "capabilities": frozenset({Capability.SMS_SEND})
    }
    return ProviderSpec(name=name, **{**usual, **fields})

def database(name, **fields):
    usual = {"schemes": (name, name + "+x"), "embedded": True, "open": opened}
    return DatabaseSpec(name=name, **{**usual, **fields})
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
