"""
What a token may call: the table of roles, and what tokens are narrowed down to.

MCP, REST and the pipe all ask here, of every operation and of every path beside the operations.
"""

from typing import Final, Protocol

from trunkline.core.principal import Principal, Role, Scope
from trunkline.core.problems import Forbidden

ADMINS: Final = frozenset(
    {
        "agents_mode",
        "comms_register_provider",
        "keys_rotate",
        "providers_remove",
        "providers_set",
        "agents_webhook_secret",
        "tokens_issue",
        "tokens_revoke",
        "tokens_rotate",
    }
)
"""Operations that decide who may do what, or that show or take secrets: for admins alone."""
APPROVERS: Final = frozenset({"approvals_decide", "approvals_show"})
"""Operations that show what waits for a person, and decide about it: for approvers too."""

_READ_ONLY: Final = (
    "This token only reads. Use one that may do this, or ask an operator to issue one."
)
_OTHER_OPERATIONS: Final = (
    "This token is not for this operation. Use one that is, or ask an operator to issue one."
)


class Called(Protocol):
    """What is called: an operation of the catalogue, or a path beside them."""

    @property
    def name(self) -> str:
        """What a token's operations, and the tables here, call it."""

    @property
    def scope(self) -> Scope:
        """For whom it is."""

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing and sends nothing."""


def least_role(called: Called) -> Role:
    """
    Return the role that an admin's token needs at least.

    Viewers may look at everything that is no secret; approvers may decide what waits for that;
    operators may act for every agent and see to agents; admins may do the rest.
    """
    if called.name in ADMINS:
        return Role.ADMIN
    if called.only_reads:
        return Role.VIEWER
    return Role.APPROVER if called.name in APPROVERS else Role.OPERATOR


def is_there_for(principal: Principal, called: Called) -> bool:
    """Tell whether something is there at all for tokens of a principal's scope."""
    if principal.scope is Scope.LOCAL:
        return True
    if principal.scope is Scope.ADMIN:
        return called.scope in (Scope.AGENT, Scope.ADMIN)
    return called.scope is Scope.AGENT


def obstacle(principal: Principal, called: Called) -> str | None:
    """Return why a principal may not call what is there for its scope, and what to do; or None."""
    if principal.scope is Scope.LOCAL:
        return None
    least = least_role(called)
    if principal.scope is Scope.ADMIN and not principal.role.reaches(least):
        return f"This needs a token of the role {least} at least. Ask an admin for one."
    grant = principal.grant
    if grant.operations is not None and called.name not in grant.operations:
        return _OTHER_OPERATIONS
    if grant.read_only and not called.only_reads:
        return _READ_ONLY
    return None


def may_call(principal: Principal, called: Called) -> bool:
    """Tell whether a principal may call something."""
    return is_there_for(principal, called) and obstacle(principal, called) is None


def check_channel(principal: Principal, channel: str | None) -> None:
    """Raise Forbidden if a token is not for a channel; one that is for some needs to be told it."""
    channels = principal.grant.channels
    if channels is not None and channel not in channels:
        named = ", ".join(sorted(channels))
        raise Forbidden(
            f"This token is for {named} alone. Name one of them, or ask an operator for a token "
            "that is for more."
        )
