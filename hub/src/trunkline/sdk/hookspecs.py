"""
Every hook a plugin may implement, in the order the hub calls them.

Each is called once per process, at start-up, before anything is served; none on a request. A hook
takes nothing, does no I/O, and returns a sequence of specs, which may be empty.
"""

from collections.abc import Sequence
from typing import Any

from trunkline.sdk.database import DatabaseSpec
from trunkline.sdk.email import EmailProvider
from trunkline.sdk.markers import hookspec
from trunkline.sdk.specs import ProviderSpec, Site
from trunkline.sdk.telephony import TelephonyProvider
from trunkline.sdk.whatsapp import WhatsAppProvider


@hookspec
def trunkline_register_database() -> Sequence[DatabaseSpec]:  # type: ignore[empty-body]
    """
    Offer databases.

    Returns:
        One spec per kind of database. Of plugins that offer one URL scheme none is loaded.
    """


@hookspec
def trunkline_register_telephony() -> Sequence[  # type: ignore[empty-body]
    ProviderSpec[TelephonyProvider, Any]
]:
    """
    Offer providers of texts and calls.

    Returns:
        One spec per provider. Of plugins that offer one name none is loaded.
    """


@hookspec
def trunkline_register_email() -> Sequence[  # type: ignore[empty-body]
    ProviderSpec[EmailProvider, Any]
]:
    """
    Offer providers of e-mail.

    Returns:
        One spec per provider. Of plugins that offer one name none is loaded.
    """


@hookspec
def trunkline_register_whatsapp() -> Sequence[  # type: ignore[empty-body]
    ProviderSpec[WhatsAppProvider, Any]
]:
    """
    Offer providers of WhatsApp messages.

    Returns:
        One spec per provider. Specs of one plugin that have one name, here and under telephony, are
        one account: they share configuration, connection and webhook.
    """


@hookspec
def trunkline_register_sites() -> Sequence[Site]:  # type: ignore[empty-body]
    """
    Offer web applications to serve beside the hub.

    Returns:
        One site per path prefix. Of plugins that offer one prefix none is loaded.
    """
