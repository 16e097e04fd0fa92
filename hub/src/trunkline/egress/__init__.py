"""How requests leave the hub: once, in bounds, and not to where they must not go."""

from trunkline.egress.addresses import is_public
from trunkline.egress.client import OnAnswer, open_client, open_clients
from trunkline.egress.rules import EgressDenied, may_be_public, url_fault

__all__ = [
    "EgressDenied",
    "OnAnswer",
    "is_public",
    "may_be_public",
    "open_client",
    "open_clients",
    "url_fault",
]
