"""
What one writes in an afternoon to let agents send texts: the build that the hub is compared with.

FastAPI, SQLAlchemy's asynchronous ORM on aiosqlite, and httpx2; nothing in it is slow on purpose.
It stores a message, its usage and its audit rows, calls the provider between two commits, and loses
nothing that it acknowledged. It does less than the hub: no idempotency, no encryption, no opt-outs.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.naive.middleware import Authentication, RateLimit, RequestLog
from bench.naive.models import (
    Agent,
    Audit,
    Message,
    Token,
    Usage,
    session,
    sessions,
    tables,
)

VENDOR = os.environ["NAIVE_VENDOR"]
ACCOUNT, AUTH_TOKEN = os.environ["NAIVE_ACCOUNT"], os.environ["NAIVE_AUTH_TOKEN"]
AGENT, PHONE, TOKEN = (os.environ[f"NAIVE_{name}"] for name in ("AGENT", "PHONE", "TOKEN"))

logging.basicConfig(level=logging.INFO)


class SendMessage(BaseModel):
    """What an agent asks for."""

    to: str = Field(pattern=r"^\+[1-9]\d{6,14}$")
    body: str = Field(min_length=1, max_length=1600)


class Sent(BaseModel):
    """What became of it."""

    message_id: str
    status: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the tables, and the one agent with its token."""
    async with tables():
        async with sessions() as first:
            if not await first.scalar(select(Agent).where(Agent.agent_id == AGENT)):
                hashed = sha256(TOKEN.encode()).hexdigest()
                first.add(Agent(agent_id=AGENT, phone_number=PHONE))
                first.add(Token(agent_id=AGENT, token_hash=hashed))
                await first.commit()
        yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(RateLimit)
app.add_middleware(Authentication)
app.add_middleware(RequestLog)  # the last one added is the outermost


@app.post("/messages")
async def send_message(
    request: Request, command: SendMessage, db: Annotated[AsyncSession, Depends(session)]
) -> Sent:
    """Store a text, hand it over, and store what came of it."""
    agent_id = request.state.agent_id
    agent = await db.scalar(select(Agent).where(Agent.agent_id == agent_id))
    if agent is None:
        raise HTTPException(404, "no such agent")

    message = Message(agent_id=agent_id, to_address=command.to, body=command.body)
    db.add(message)
    await db.commit()
    db.add(Usage(agent_id=agent_id, message_id=message.id))
    await db.commit()
    db.add(Audit(event="message.sending", message_id=message.id))
    await db.commit()

    try:
        message.external_id = await hand_over(agent.phone_number, command)
        message.status = "sent"
    except httpx2.HTTPError:
        message.status = "failed"
    await db.commit()
    db.add(Audit(event=f"message.{message.status}", message_id=message.id))
    await db.commit()
    if message.status == "failed":
        raise HTTPException(502, "the provider did not take it")
    return Sent(message_id=message.id, status=message.status)


@app.get("/messages/{message_id}")
async def read_message(
    request: Request, message_id: str, db: Annotated[AsyncSession, Depends(session)]
) -> dict[str, str]:
    """Return a text of the agent's own."""
    message = await db.get(Message, message_id)
    if message is None or message.agent_id != request.state.agent_id:
        raise HTTPException(404, "no such message")
    return {"to": message.to_address, "body": message.body, "status": message.status}


async def hand_over(sender: str, command: SendMessage) -> str:
    """Post a text to the provider and return the provider's id."""
    form = {"To": command.to, "From": sender, "Body": command.body}
    async with httpx2.AsyncClient() as client:
        response = await client.post(
            f"{VENDOR}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            data=form,
            auth=(ACCOUNT, AUTH_TOKEN),
        )
    response.raise_for_status()
    sid: str = response.json()["sid"]
    return sid
