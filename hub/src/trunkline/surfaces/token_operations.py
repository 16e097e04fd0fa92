"""The operator's operations on tokens."""

from collections.abc import Collection
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

from pydantic import Field

from trunkline.core.agents.models import IssuedToken, Token
from trunkline.core.agents.tokens import OLD, Wish
from trunkline.core.channels import NAMES
from trunkline.core.hub import Hub
from trunkline.core.principal import Grant, Principal, Role
from trunkline.core.problems import Invalid
from trunkline.surfaces.catalogue import AGENT_OPERATIONS
from trunkline.surfaces.limits import Spend
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, money, optional

_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False)
_REVOKES = Annotations(read_only=False, destructive=True)
_OPERATIONS: Final = tuple(each.name for each in AGENT_OPERATIONS)
_MOST_NETWORKS: Final = 100


class TokenArguments(Arguments):
    """An agent, or nothing for an admin token, and what the token is good for."""

    id: Line | None = None
    role: Annotated[Role, Field(strict=False)] | None = None
    days: int | None = None
    channels: list[Line] | None = None
    operations: list[Line] | None = None
    networks: list[Line] | None = None
    read_only: bool = False
    max_spend_per_day: Spend
    max_spend_per_month: Spend


class RotateArguments(Arguments):
    """An agent, and for how long its tokens so far go on."""

    id: Line
    overlap_s: int = 0
    days: int | None = None


class RevokeArguments(Arguments):
    """A token's kid, or an agent's id for all of its tokens."""

    target: Line


class IssuedTokenShape(Result):
    """A new token; it is shown this once."""

    token: str
    kid: str
    agent_id: str | None
    expires_at: Time | None = optional("When it ends.")


class TokenShape(Result):
    """A token without its secret."""

    kid: str
    scope: str
    agent_id: str | None
    role: str | None = optional("Of an admin's.")
    issued_at: Time
    expires_at: Time | None = optional("When it ends.")
    revoked_at: Time | None = optional("When it was revoked.")
    last_used_at: Time | None = optional("When it was used last, to the minute.")
    channels: list[str] | None = optional("Those it is for, if not for all.")
    operations: list[str] | None = optional("Those it is for, if not for all.")
    networks: list[str] | None = optional("From where it may be used, if not from anywhere.")
    read_only: bool
    max_spend_per_day: float | None = optional("What may be spent with it in 24 hours.")
    max_spend_per_month: float | None = optional("What may be spent with it in 30 days.")
    advice: str | None = optional("What to do about it.")
    created_by: str


class TokensShape(Result):
    """Every token."""

    tokens: list[TokenShape]


class RevokedShape(Result):
    """How many tokens were revoked."""

    revoked: int


def _token(token: Token, now: datetime) -> TokenShape:
    grant = token.grant
    is_old = token.is_living(now) and now - token.issued_at > OLD
    return TokenShape(
        kid=token.kid,
        scope=token.scope.value,
        agent_id=token.agent_id,
        role=token.role.value if token.role else None,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
        channels=None if grant.channels is None else sorted(grant.channels),
        operations=None if grant.operations is None else sorted(grant.operations),
        networks=[str(each) for each in grant.networks] or None,
        read_only=grant.read_only,
        max_spend_per_day=money(grant.spend_per_day),
        max_spend_per_month=money(grant.spend_per_month),
        advice=f"older than {OLD.days} days: rotate it" if is_old else None,
        created_by=token.created_by,
    )


def _issued(issued: IssuedToken) -> IssuedTokenShape:
    return IssuedTokenShape(
        token=issued.token,
        kid=issued.kid,
        agent_id=issued.agent_id,
        expires_at=issued.expires_at,
    )


def _known(field: str, given: list[str] | None, known: Collection[str]) -> frozenset[str] | None:
    if given is None:
        return None
    if not given or not set(given) <= set(known):
        raise Invalid(field, f"name some of {', '.join(known)}.")
    return frozenset(given)


def _networks(given: list[str] | None) -> tuple[IPv4Network | IPv6Network, ...]:
    sentence = f"give 1 to {_MOST_NETWORKS} networks such as 192.0.2.0/24 or 2001:db8::/32."
    if given is not None and not 1 <= len(given) <= _MOST_NETWORKS:
        raise Invalid("networks", sentence)
    try:
        return tuple(map(ip_network, given or ()))
    except ValueError:
        raise Invalid("networks", sentence) from None


async def _issue(hub: Hub, by: Principal, _: str, given: TokenArguments) -> IssuedTokenShape:
    if given.id is not None and given.role is not None:
        raise Invalid("role", "only an admin's token has one.")
    grant = Grant(
        channels=_known("channels", given.channels, sorted(NAMES)),
        operations=_known("operations", given.operations, _OPERATIONS),
        networks=_networks(given.networks),
        read_only=given.read_only,
        spend_per_day=given.max_spend_per_day,
        spend_per_month=given.max_spend_per_month,
    )
    wish = Wish(agent_id=given.id, role=given.role or Role.ADMIN, days=given.days, grant=grant)
    return _issued(await hub.tokens.issue(by, wish))


async def _rotate(hub: Hub, by: Principal, _: str, given: RotateArguments) -> IssuedTokenShape:
    return _issued(await hub.tokens.rotate(by, given.id, given.overlap_s, given.days))


async def _revoke(hub: Hub, by: Principal, _: str, given: RevokeArguments) -> RevokedShape:
    return RevokedShape(revoked=await hub.tokens.revoke(by, given.target))


async def _list(hub: Hub, by: Principal, _: str, given: NoArguments) -> TokensShape:
    now = hub.clock.now()
    return TokensShape(tokens=[_token(token, now) for token in await hub.tokens.list(by)])


TOKENS: tuple[AnyOperation, ...] = (
    of_operator(
        "tokens_issue", "Issue a token", TokenArguments, _issue, IssuedTokenShape, _CHANGES
    ),
    of_operator(
        "tokens_rotate",
        "Rotate an agent's token",
        RotateArguments,
        _rotate,
        IssuedTokenShape,
        _REVOKES,
    ),
    of_operator("tokens_revoke", "Revoke tokens", RevokeArguments, _revoke, RevokedShape, _REVOKES),
    of_operator("tokens_list", "List tokens", NoArguments, _list, TokensShape, _READS),
)
