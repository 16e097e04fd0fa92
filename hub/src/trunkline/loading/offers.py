"""What plugins may offer, kind by kind: through which hook, and what is checked of it."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any, Final, Generic, TypeVar

import pluggy

from trunkline.loading.specs import (
    Unfit,
    check_database,
    check_filter,
    check_provider,
    check_sink,
    check_site,
    variables_of,
)
from trunkline.sdk import KINDS, AlertSinkSpec, DatabaseSpec, FilterSpec, ProviderSpec, Site

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(Generic[S]):
    """
    One kind of spec that plugins offer through its hook.

    Attributes:
        keys: By what a spec of it is looked up.
        claims: What no other plugin may offer, in words for a sentence.
        check: Raises `Unfit` for a spec that the hub could not work with.
    """

    name: str
    spec: type[S]
    keys: Callable[[S], Iterable[str]]
    claims: Callable[[S], Iterable[str]]
    check: Callable[[S], None]

    def offered(self, manager: pluggy.PluginManager) -> list[S]:
        """Return what the one plugin in `manager` offers; `Unfit` when that cannot be."""
        hook = f"trunkline_register_{self.name}"
        offered: list[S] = []
        # The functions themselves: pluggy's relay would leave out one that returns None.
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            specs = implementation.function()
            where = _place_of(implementation.function)
            if not isinstance(specs, Sequence) or not all(isinstance(s, self.spec) for s in specs):
                wanted = self.spec.__name__
                raise Unfit(f"{where}{hook} must return a sequence of {wanted}, not {specs!r:.99}")
            for spec in specs:
                try:
                    self.check(spec)
                except Unfit as unfit:
                    raise Unfit(f"{where}{unfit}") from None
            offered += specs
        return offered

    def by_key(self, offers: Iterable[Mapping[str, Sequence[Any]]]) -> dict[str, S]:
        """Return what plugins offer of this kind, by its keys."""
        specs: list[S] = [spec for each in offers for spec in each.get(self.name, ())]
        return {key: spec for spec in specs for key in self.keys(spec)}


DATABASES: Final = Offered(
    name="database",
    spec=DatabaseSpec,
    keys=lambda spec: spec.schemes,
    claims=lambda spec: [f"the database scheme {scheme!r}" for scheme in spec.schemes],
    check=check_database,
)
PROVIDERS: Final[Mapping[str, Offered[ProviderSpec[Any, Any]]]] = {
    kind.name: Offered(
        name=kind.name,
        spec=ProviderSpec,
        keys=lambda spec: [spec.name],
        claims=lambda spec: [
            f"the provider {spec.name!r}",
            *(f"to read the variable {one}" for one in sorted(variables_of(spec.config).values())),
        ],
        check=partial(check_provider, kind=kind),
    )
    for kind in KINDS.values()
}
SITES: Final = Offered(
    name="sites",
    spec=Site,
    keys=lambda site: [site.prefix],
    claims=lambda site: [f"the site {site.prefix!r}"],
    check=check_site,
)
FILTERS: Final[Offered[FilterSpec[Any]]] = Offered(
    name="compliance_filters",
    spec=FilterSpec,
    keys=lambda spec: [spec.name],
    claims=lambda spec: [f"the compliance filter {spec.name!r}"],
    check=check_filter,
)
SINKS: Final[Offered[AlertSinkSpec[Any]]] = Offered(
    name="alert_sinks",
    spec=AlertSinkSpec,
    keys=lambda spec: [spec.name],
    claims=lambda spec: [f"the alert sink {spec.name!r}"],
    check=check_sink,
)
OFFERED: Final[tuple[Offered[Any], ...]] = (DATABASES, *PROVIDERS.values(), FILTERS, SINKS, SITES)


def _place_of(function: Callable[..., object]) -> str:
    """Return the file that a hook stands in, as the beginning of a sentence."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    return f"{'/'.join(PurePath(code.co_filename).parts[-2:])}: "
