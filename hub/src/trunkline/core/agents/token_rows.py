"""All SQL of tokens."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import sqlalchemy as sa

from trunkline.core.agents.models import StoredToken, Token
from trunkline.core.principal import WHOLE, Grant, Principal, Role, Scope
from trunkline.db.hot import Hot
from trunkline.db.schema import agent_tokens
from trunkline.sdk import Tx

_TOKEN = Hot(
    sa.select(
        agent_tokens.c.scope,
        agent_tokens.c.agent_id,
        agent_tokens.c.token_hash,
        agent_tokens.c.workspace_id,
        agent_tokens.c.expires_at,
        agent_tokens.c.revoked_at,
        agent_tokens.c.role,
        agent_tokens.c.channels,
        agent_tokens.c.operations,
        agent_tokens.c.networks,
        agent_tokens.c.read_only,
        agent_tokens.c.max_spend_per_day,
        agent_tokens.c.max_spend_per_month,
    ).where(agent_tokens.c.kid == sa.bindparam("kid"))
)


def add_token(tx: Tx, workspace_id: str, row_id: str, token: Token, token_hash: bytes) -> None:
    """Insert a token."""
    grant = token.grant
    tx.execute(
        sa.insert(agent_tokens).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=token.issued_at,
            kid=token.kid,
            scope=token.scope.value,
            agent_id=token.agent_id,
            token_hash=token_hash,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            created_by=token.created_by,
            role=token.role.value if token.role else None,
            channels=_joined(grant.channels),
            operations=_joined(grant.operations),
            networks=" ".join(map(str, grant.networks)) or None,
            read_only=grant.read_only,
            max_spend_per_day=grant.spend_per_day,
            max_spend_per_month=grant.spend_per_month,
        )
    )


def find_token(tx: Tx, kid: str) -> StoredToken | None:
    """Return a token, also one that was revoked or has ended."""
    rows = _TOKEN(tx, {"kid": kid})
    if not rows:
        return None
    scope, agent_id, token_hash, workspace_id, expires_at, revoked_at, role, *narrowed = rows[0]
    principal = Principal(
        scope=Scope(scope),
        agent_id=agent_id,
        workspace_id=workspace_id,
        kid=kid,
        role=Role(role) if role else Role.ADMIN,
        grant=_grant(*narrowed),
        expires_at=expires_at,
    )
    return StoredToken(
        kid=kid, hash=bytes(token_hash), principal=principal, is_revoked=revoked_at is not None
    )


def list_tokens(tx: Tx, workspace_id: str) -> list[Token]:
    """Return every token, oldest first."""
    statement = (
        sa.select(agent_tokens)
        .where(agent_tokens.c.workspace_id == workspace_id)
        .order_by(agent_tokens.c.id)
    )
    return [_token(row) for row in tx.execute(statement)]


def has_living_token(tx: Tx, workspace_id: str, agent_id: str, now: datetime) -> bool:
    """Tell whether an agent has a token that is good."""
    statement = sa.select(agent_tokens).where(
        agent_tokens.c.workspace_id == workspace_id,
        agent_tokens.c.agent_id == agent_id,
        agent_tokens.c.revoked_at.is_(None),
    )
    return any(_token(row).is_living(now) for row in tx.execute(statement))


def old_tokens(tx: Tx, before: datetime, now: datetime) -> list[Token]:
    """Return the living tokens that were issued before then, oldest first."""
    statement = (
        sa.select(agent_tokens)
        .where(agent_tokens.c.issued_at < before, agent_tokens.c.revoked_at.is_(None))
        .order_by(agent_tokens.c.id)
    )
    return [token for row in tx.execute(statement) if (token := _token(row)).is_living(now)]


def revoke_tokens(
    tx: Tx, workspace_id: str, now: datetime, *, kid: str | None = None, agent_id: str | None = None
) -> int:
    """
    Revoke the living tokens of one kid or one agent and return how many there were.

    Whoever is held for one of them, waiting for what comes in, is told by a note of its kid.
    """
    chosen = agent_tokens.c.kid == kid if kid else agent_tokens.c.agent_id == agent_id
    statement = (
        sa.update(agent_tokens)
        .where(
            agent_tokens.c.workspace_id == workspace_id, agent_tokens.c.revoked_at.is_(None), chosen
        )
        .values(revoked_at=now)
        .returning(agent_tokens.c.kid)
    )
    kids = tx.execute(statement).scalars().all()
    for each in kids:
        tx.notify("inbound", each)
    return len(kids)


def end_token(tx: Tx, workspace_id: str, kid: str, at: datetime) -> None:
    """Let a token end then, unless it ends before; whoever is held for it is told."""
    tx.execute(
        sa.update(agent_tokens)
        .where(
            agent_tokens.c.workspace_id == workspace_id,
            agent_tokens.c.kid == kid,
            sa.or_(agent_tokens.c.expires_at.is_(None), agent_tokens.c.expires_at > at),
        )
        .values(expires_at=at)
    )
    tx.notify("inbound", kid)


def mark_tokens_used(tx: Tx, used: Mapping[str, datetime]) -> None:
    """Note when each kid was used last."""
    for kid, at in used.items():
        tx.execute(sa.update(agent_tokens).where(agent_tokens.c.kid == kid).values(last_used_at=at))


def _token(row: Any) -> Token:
    scope = Scope(row.scope)
    role = Role(row.role) if row.role else Role.ADMIN
    return Token(
        kid=row.kid,
        scope=scope,
        agent_id=row.agent_id,
        role=role if scope is Scope.ADMIN else None,
        grant=_grant(
            row.channels,
            row.operations,
            row.networks,
            row.read_only,
            row.max_spend_per_day,
            row.max_spend_per_month,
        ),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        created_by=row.created_by,
    )


def _grant(
    channels: str | None,
    operations: str | None,
    networks: str | None,
    read_only: object,
    spend_per_day: int | None,
    spend_per_month: int | None,
) -> Grant:
    narrowed = (channels, operations, networks, spend_per_day, spend_per_month)
    if not read_only and all(each is None for each in narrowed):
        return WHOLE
    return Grant(
        channels=None if channels is None else frozenset(channels.split()),
        operations=None if operations is None else frozenset(operations.split()),
        networks=tuple(map(ip_network, (networks or "").split())),
        read_only=bool(read_only),
        spend_per_day=spend_per_day,
        spend_per_month=spend_per_month,
    )


def _joined(names: frozenset[str] | None) -> str | None:
    return None if names is None else " ".join(sorted(names))
