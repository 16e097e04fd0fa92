"""Find the installed plugins, load each one alone, and report what became of every one of them."""

import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import metadata
from importlib.metadata import Distribution, EntryPoint
from typing import Any, ClassVar, Final, Generic, TypeVar

import pluggy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trunkline import __version__
from trunkline.sdk import (
    ENTRY_POINT_GROUP,
    PROJECT,
    DatabaseSpec,
    NotConfigured,
    ProviderSpec,
    Site,
    TelephonyProvider,
    hookspecs,
)

S = TypeVar("S")

_HUB_DISTRIBUTION: Final = "trunkline"
_LONGEST_DETAIL: Final = 300


class PluginState(StrEnum):
    """What became of an installed plugin."""

    LOADED = "loaded"
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginReport:
    """
    One installed plugin.

    Attributes:
        name: Its entry point's name: what `disabled` and `required` mean.
        dist, version: The distribution that declares it.
        detail: Why it is not loaded, at most 300 characters; empty when it is.
        kinds, providers, capabilities: What it offers, sorted; empty unless loaded.
    """

    name: str
    dist: str
    version: str
    state: PluginState
    detail: str = ""
    kinds: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """
    Everything that loaded, and a report on everything found, sorted by name.

    Attributes:
        databases: By URL scheme.
        telephony: By provider name.
        sites: By path prefix.
    """

    reports: tuple[PluginReport, ...]
    databases: Mapping[str, DatabaseSpec]
    telephony: Mapping[str, ProviderSpec[TelephonyProvider, Any]]
    sites: Mapping[str, Site]


class RequiredPluginMissing(NotConfigured):
    """A plugin without which the hub must not run did not load."""

    code: ClassVar[str] = "plugins.required_missing"

    def __init__(self, name: str, report: PluginReport | None) -> None:
        super().__init__(f"The required plugin {name!r} {_what_to_do(name, report)}")


def _what_to_do(name: str, report: PluginReport | None) -> str:
    if report is None:
        return "is not installed: install the package that declares it."
    package = f"({report.dist} {report.version})"
    match report.state:
        case PluginState.DISABLED:
            return f"{package} is disabled: run `trunkline plugins enable {name}`."
        case PluginState.INCOMPATIBLE:
            return f"{package} is incompatible: install a version that fits. {report.detail}"
        case _:
            return f"{package} failed to load: repair or replace it. {report.detail}"


class _Unfit(Exception):
    """A plugin broke a rule of this file; the text is a whole sentence."""


@dataclass(slots=True, kw_only=True)
class _Kind(Generic[S]):
    """
    One kind of spec: what plugins offer through its hook, and what was filed so far.

    `keys` gives what must be unique among all plugins, and `key_noun` says what that is; `owners`
    maps each filed key to the plugin that offered it.
    """

    name: str
    spec: type[S]
    key_noun: str
    keys: Callable[[S], Iterable[str]]
    filed: dict[str, S] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def offered(self, manager: pluggy.PluginManager, plugin_name: str) -> dict[str, S]:
        """Return what the one plugin in `manager` offers, by key; `_Unfit` when that cannot be."""
        hook = f"trunkline_register_{self.name}"
        offered: dict[str, S] = {}
        # The functions themselves: pluggy's relay would leave out one that returns None.
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            specs = implementation.function()
            if not isinstance(specs, Sequence) or not all(isinstance(s, self.spec) for s in specs):
                wanted = self.spec.__name__
                raise _Unfit(f"{hook} must return a sequence of {wanted}, not {specs!r:.99}")
            for spec in specs:
                for key in self.keys(spec):
                    if owner := plugin_name if key in offered else self.owners.get(key):
                        what = f"{self.name} {self.key_noun} {key!r}"
                        raise _Unfit(f"{plugin_name!r} offers {what}; {owner!r} already does.")
                    offered[key] = spec
        return offered

    def file(self, offered: Mapping[str, S], plugin_name: str) -> None:
        self.filed.update(offered)
        self.owners.update(dict.fromkeys(offered, plugin_name))


def load_plugins(
    *,
    disabled: Collection[str] = (),
    required: Collection[str] = (),
    distributions: Iterable[Distribution] | None = None,
) -> Plugins:
    """
    Load the plugins that `distributions` declare, in name order; None means all installed ones.

    A plugin that is disabled or declares another hub version is not imported. One that breaks is
    left out whole and reported; the others load.

    Raises:
        RequiredPluginMissing: A name in `required` did not load.
    """
    databases = _Kind(
        name="database", spec=DatabaseSpec, key_noun="scheme", keys=lambda spec: spec.schemes
    )
    telephony: _Kind[ProviderSpec[TelephonyProvider, Any]] = _Kind(
        name="telephony", spec=ProviderSpec, key_noun="provider", keys=lambda spec: [spec.name]
    )
    sites = _Kind(name="sites", spec=Site, key_noun="prefix", keys=lambda site: [site.prefix])
    kinds = (databases, telephony, sites)
    reports = [
        _load(entry, dists, disabled, kinds)
        for entry, dists in _declared(
            metadata.distributions() if distributions is None else distributions
        )
    ]
    by_name = {report.name: report for report in reports}
    for name in sorted(required):
        report = by_name.get(name)
        if report is None or report.state is not PluginState.LOADED:
            raise RequiredPluginMissing(name, report)
    return Plugins(
        reports=tuple(reports),
        databases=databases.filed,
        telephony=telephony.filed,
        sites=sites.filed,
    )


def _declared(
    distributions: Iterable[Distribution],
) -> list[tuple[EntryPoint, list[Distribution]]]:
    """
    Return each plugin name once, sorted, with every distribution that declares it.

    Of two distributions with one name the first counts, as for imports: the other is hidden by it.
    """
    seen: set[str] = set()
    found: dict[str, tuple[EntryPoint, list[Distribution]]] = {}
    for dist in distributions:
        entries = [entry for entry in dist.entry_points if entry.group == ENTRY_POINT_GROUP]
        # A broken uninstall leaves metadata without a name behind.
        if not entries or "Name" not in dist.metadata or canonicalize_name(dist.name) in seen:
            continue
        seen.add(canonicalize_name(dist.name))
        for entry in entries:
            found.setdefault(entry.name, (entry, []))[1].append(dist)
    return [
        (entry, sorted(dists, key=lambda dist: dist.name))
        for _, (entry, dists) in sorted(found.items())
    ]


def _load(
    entry: EntryPoint,
    dists: Sequence[Distribution],
    disabled: Collection[str],
    kinds: Sequence[_Kind[Any]],
) -> PluginReport:
    report = PluginReport(
        name=entry.name,
        dist=dists[0].name,
        version=dists[0].version,
        state=PluginState.FAILED,
    )
    if entry.name in disabled:
        return replace(report, state=PluginState.DISABLED, detail="Disabled in the configuration.")
    if len(dists) > 1:
        names = " and ".join(dist.name for dist in dists)
        return replace(report, detail=f"{names} both declare the plugin {entry.name!r}.")
    try:
        if unmet := _unmet_hub_version(dists[0]):
            detail = f"It needs {unmet}; this is {__version__}."
            return replace(report, state=PluginState.INCOMPATIBLE, detail=detail)
        return _register(entry, kinds, report)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, even SystemExit
        return replace(report, detail=_sentence(error))


def _unmet_hub_version(dist: Distribution) -> str | None:
    """Return the requirement on the hub that does not hold, read without importing anything."""
    for line in dist.requires or ():
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) != _HUB_DISTRIBUTION:
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            return f"{_HUB_DISTRIBUTION}{requirement.specifier}"
    return None


def _register(entry: EntryPoint, kinds: Sequence[_Kind[Any]], report: PluginReport) -> PluginReport:
    """Import one plugin and file what it offers: everything, or nothing if any step fails."""
    plugin = entry.load()
    if isinstance(plugin, type):
        plugin = plugin()
    # A manager for each plugin: nothing of a failed one is left behind for the next.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=entry.name)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise _Unfit(f"{entry.value} implements no hook.")
    offers = [(kind, kind.offered(manager, entry.name)) for kind in kinds]
    specs = [spec for _, offered in offers for spec in offered.values()]
    providers = [spec for spec in specs if isinstance(spec, ProviderSpec)]
    loaded = replace(
        report,
        state=PluginState.LOADED,
        kinds=tuple(sorted(kind.name for kind, offered in offers if offered)),
        providers=tuple(sorted({spec.name for spec in specs if not isinstance(spec, Site)})),
        capabilities=tuple(sorted({one for spec in providers for one in spec.capabilities})),
    )
    for kind, offered in offers:
        kind.file(offered, entry.name)
    return loaded


def _sentence(error: BaseException) -> str:
    """Return the type and the first line of an error, whose own text may be anything."""
    if isinstance(error, _Unfit):
        return str(error)[:_LONGEST_DETAIL]
    lines = "".join(traceback.format_exception_only(error)).splitlines()
    # A syntax error quotes its source first, indented.
    return next(line for line in lines if not line.startswith(" "))[:_LONGEST_DETAIL]
