"""Find the installed plugins, load each one alone, and report what became of every one of them."""

import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import metadata
from importlib.metadata import Distribution, EntryPoint
from typing import Any, ClassVar, Final

import pluggy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trunkline import __version__
from trunkline.loading.offers import DATABASES, FILTERS, OFFERED, PROVIDERS, SINKS, SITES
from trunkline.loading.quiet import stderr_of_its_own, stdout_is_stderr, watched_for_interrupts
from trunkline.loading.specs import Unfit
from trunkline.sdk import (
    ENTRY_POINT_GROUP,
    PROJECT,
    TELEPHONY,
    AlertSinkSpec,
    DatabaseSpec,
    FilterSpec,
    NotConfigured,
    ProviderSpec,
    Site,
    hookspecs,
)

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
        providers: By kind, then by name.
        sites: By path prefix.
        filters: The compliance filters, by name.
        sinks: The alert sinks, by name.
    """

    reports: tuple[PluginReport, ...]
    databases: Mapping[str, DatabaseSpec]
    providers: Mapping[str, Mapping[str, ProviderSpec[Any, Any]]]
    sites: Mapping[str, Site]
    filters: Mapping[str, FilterSpec[Any]] = field(default_factory=dict)
    sinks: Mapping[str, AlertSinkSpec[Any]] = field(default_factory=dict)

    @property
    def telephony(self) -> Mapping[str, ProviderSpec[Any, Any]]:
        """The providers of texts and calls, by name."""
        return self.providers.get(TELEPHONY.name, {})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A plugin that was looked at, and by kind what it offers, which is nothing if it failed."""

    report: PluginReport
    offers: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def claims(self) -> set[str]:
        """Return what no other plugin may offer beside it."""
        return {
            claim
            for kind in OFFERED
            for spec in self.offers.get(kind.name, ())
            for claim in kind.claims(spec)
        }

    def failed(self, detail: str) -> "_Found":
        """Return it as one that is left out."""
        return _Found(
            report=replace(
                self.report,
                state=PluginState.FAILED,
                detail=detail[:_LONGEST_DETAIL],
                kinds=(),
                providers=(),
                capabilities=(),
            )
        )


def load_plugins(
    *,
    disabled: Collection[str] = (),
    required: Collection[str] = (),
    distributions: Iterable[Distribution] | None = None,
) -> Plugins:
    """
    Load the plugins that `distributions` declare, in name order; None means all installed ones.

    A plugin that is disabled or declares another hub version is not imported. One that breaks is
    left out whole and reported; the others load. Of plugins that offer the same none is loaded:
    which of them is meant is not for the alphabet to decide, and one may be after the other's
    credentials. What a plugin prints meanwhile goes to standard error.

    Raises:
        RequiredPluginMissing: A name in `required` did not load.
    """
    with stdout_is_stderr(), watched_for_interrupts() as interrupted:
        found = [
            _looked_at(entry, dists, disabled, interrupted)
            for entry, dists in _declared(
                metadata.distributions() if distributions is None else distributions
            )
        ]
    found = _without_clashes(found)
    by_name = {each.report.name: each.report for each in found}
    for name in sorted(required):
        report = by_name.get(name)
        if report is None or report.state is not PluginState.LOADED:
            raise RequiredPluginMissing(name, report)
    offers = [each.offers for each in found]
    return Plugins(
        reports=tuple(each.report for each in found),
        databases=DATABASES.by_key(offers),
        providers={name: kind.by_key(offers) for name, kind in PROVIDERS.items()},
        sites=SITES.by_key(offers),
        filters=FILTERS.by_key(offers),
        sinks=SINKS.by_key(offers),
    )


def _without_clashes(found: Sequence[_Found]) -> list[_Found]:
    """Return them without those that offer what another one offers too."""
    owners: dict[str, list[str]] = {}
    for each in found:
        for claim in each.claims():
            owners.setdefault(claim, []).append(each.report.name)
    clashes = {claim: names for claim, names in sorted(owners.items()) if len(names) > 1}
    left: list[_Found] = []
    for each in found:
        mine = [claim for claim, names in clashes.items() if each.report.name in names]
        if mine:
            names = " and ".join(repr(name) for name in clashes[mine[0]])
            left.append(
                each.failed(
                    f"{names} both offer {mine[0]}, so neither is loaded: uninstall or disable "
                    "the one that you do not mean."
                )
            )
        else:
            left.append(each)
    return left


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


def _looked_at(
    entry: EntryPoint,
    dists: Sequence[Distribution],
    disabled: Collection[str],
    interrupted: Callable[[], bool],
) -> _Found:
    report = PluginReport(
        name=entry.name,
        dist=dists[0].name,
        version=dists[0].version,
        state=PluginState.LOADED,
    )
    if entry.name in disabled:
        detail = "Disabled in the configuration."
        return _Found(report=replace(report, state=PluginState.DISABLED, detail=detail))
    found = _Found(report=report)
    if len(dists) > 1:
        names = " and ".join(dist.name for dist in dists)
        return found.failed(f"{names} both declare the plugin {entry.name!r}.")
    try:
        if unmet := _unmet_hub_version(dists[0]):
            detail = f"It needs {unmet}; this is {__version__}."
            return _Found(report=replace(report, state=PluginState.INCOMPATIBLE, detail=detail))
        with stderr_of_its_own():
            return _registered(entry, report)
    except BaseException as error:
        # A plugin may raise anything, KeyboardInterrupt too; the person's own is not for us.
        if isinstance(error, KeyboardInterrupt) and interrupted():
            raise
        return found.failed(_sentence(error))


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


def _registered(entry: EntryPoint, report: PluginReport) -> _Found:
    """Import one plugin and return what it offers: everything, or an error if any step fails."""
    if not entry.pattern.match(entry.value):
        raise Unfit(f"Its entry point is {entry.value!r:.99}: make it MODULE or MODULE:OBJECT.")
    plugin = entry.load()
    if isinstance(plugin, type):
        plugin = plugin()
    # A manager for each plugin: nothing of a failed one is left behind for the next.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=entry.name)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise Unfit(f"{entry.value} implements no hook.")
    offers: dict[str, list[Any]] = {kind.name: kind.offered(manager) for kind in OFFERED}
    for kind in OFFERED:
        keys = [key for spec in offers[kind.name] for key in kind.keys(spec)]
        for key in keys:
            if keys.count(key) > 1:
                raise Unfit(f"{entry.value} offers {kind.name} {key!r} twice.")
    specs = [spec for each in offers.values() for spec in each]
    providers = [spec for spec in specs if isinstance(spec, ProviderSpec)]
    loaded = replace(
        report,
        kinds=tuple(sorted(kind for kind, each in offers.items() if each)),
        providers=tuple(sorted({spec.name for spec in specs if not isinstance(spec, Site)})),
        capabilities=tuple(sorted({one for spec in providers for one in spec.capabilities})),
    )
    return _Found(report=loaded, offers=offers)


def _sentence(error: BaseException) -> str:
    """Return the type and the first line of an error, whose own text may be anything."""
    if isinstance(error, Unfit):
        return str(error)
    lines = "".join(traceback.format_exception_only(error)).splitlines()
    # A syntax error quotes its source first, indented.
    return next(line for line in lines if not line.startswith(" "))
