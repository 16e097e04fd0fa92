"""
Every hook a plugin may implement, in the order the hub calls them.

Each is called once per process, at start-up, before anything is served; none on a request. A hook
takes nothing, does no I/O, and returns a sequence of specs, which may be empty.
"""

from collections.abc import Callable, Sequence
from typing import Any

from trunkline.sdk.alerts import AlertSinkSpec
from trunkline.sdk.compliance import FilterSpec
from trunkline.sdk.database import DatabaseSpec
from trunkline.sdk.kind import Kind
from trunkline.sdk.kinds import KINDS
from trunkline.sdk.markers import hookspec
from trunkline.sdk.specs import ProviderSpec, Site


@hookspec
def trunkline_register_database() -> Sequence[DatabaseSpec]:  # type: ignore[empty-body]
    """
    Offer databases.

    Returns:
        One spec per kind of database. Of plugins that offer one URL scheme none is loaded.
    """


def _of(kind: Kind) -> Callable[[], Sequence[ProviderSpec[Any, Any]]]:
    def register() -> Sequence[ProviderSpec[Any, Any]]:  # type: ignore[empty-body]
        pass

    register.__name__ = register.__qualname__ = kind.hook
    register.__annotations__["return"] = Sequence[ProviderSpec[kind.provider, Any]]  # type: ignore[name-defined]
    register.__doc__ = f"""
    Offer providers of {kind.noun}.

    Returns:
        One spec per provider. Of plugins that offer one name none is loaded. Specs of one plugin
        that have one name, here and under other kinds, are one account, with one configuration, one
        connection and one webhook.
    """
    return hookspec(register)


vars().update({kind.hook: _of(kind) for kind in KINDS.values()})


@hookspec
def trunkline_register_compliance_filters() -> Sequence[FilterSpec[Any]]:  # type: ignore[empty-body]
    """
    Offer judges of what agents do.

    Returns:
        One spec per filter. Of plugins that offer one name none is loaded.
    """


@hookspec
def trunkline_register_alert_sinks() -> Sequence[AlertSinkSpec[Any]]:  # type: ignore[empty-body]
    """
    Offer places where operators are told what is wrong.

    Returns:
        One spec per sink. Of plugins that offer one name none is loaded.
    """


@hookspec
def trunkline_register_sites() -> Sequence[Site]:  # type: ignore[empty-body]
    """
    Offer web applications to serve beside the hub.

    Returns:
        One site per path prefix. Of plugins that offer one prefix none is loaded.
    """
