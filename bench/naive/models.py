"""The naive build's tables, and its engine: as durable as the hub's SQLite (WAL, FULL)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Index, String, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def new_id() -> str:
    """Return a random id."""
    return uuid4().hex


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Every table has an id and a time."""

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Token(Base):
    """A bearer token, as its SHA-256."""

    __tablename__ = "tokens"
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[str] = mapped_column(String(64))


class Agent(Base):
    """Who sends, and from which number."""

    __tablename__ = "agents"
    agent_id: Mapped[str] = mapped_column(String(64), unique=True)
    phone_number: Mapped[str] = mapped_column(String(16))


class Message(Base):
    """A text, and how far it got."""

    __tablename__ = "messages"
    agent_id: Mapped[str] = mapped_column(String(64), index=True)
    to_address: Mapped[str] = mapped_column(String(16))
    body: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default="sending")
    external_id: Mapped[str | None] = mapped_column(String(64), index=True)


class Usage(Base):
    """One action of an agent; the rate limit counts these."""

    __tablename__ = "usage"
    agent_id: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(32))
    __table_args__ = (Index("ix_usage_agent_id_created_at", "agent_id", "created_at"),)


class Audit(Base):
    """What happened."""

    __tablename__ = "audit"
    event: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(32))


engine = create_async_engine(
    f"sqlite+aiosqlite:///{os.environ['NAIVE_DATABASE']}", connect_args={"timeout": 60}
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def _set_up(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


async def session() -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with sessions() as each:
        yield each


@asynccontextmanager
async def tables() -> AsyncIterator[None]:
    """Create what is missing, and close the engine at the end."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()
