"""Agents' own servers, and hubs that forward to them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.egress.servers import Peer, Server, serving
from tests.flows.hubs import ANN, DEMO, Caller, Served, StartHub

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def refusal(status: str, **headers: str) -> bytes:
    """Return an answer that takes nothing."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Length: 0", *lines, "", ""]).encode()


# -- start receive --
def receive(secret: str, headers: dict[str, str], body: str, known: set[str]) -> Any:
    """Return a message that is new, else None; a post that is not the hub's is an error."""
    event = Webhook(secret).verify(body, headers)
    if event["type"] != "message.received" or headers["webhook-id"] in known:
        return None
    known.add(headers["webhook-id"])
    return event["data"]


# -- end receive --


@dataclass(frozen=True, kw_only=True)
class Post:
    """What an agent's server was told."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        """By which a receiver tells that it has had this before."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """
    An agent's own server.

    It gives the `answers` in turn, the last one for ever; for an empty one it hangs up.
    """

    answers: list[bytes] = field(default_factory=lambda: [TAKEN])
    posts: list[Post] = field(default_factory=list)
    server: Server = field(default_factory=Server)
    look: Callable[[], Any] | None = None
    """Is awaited before an answer is given."""
    seen: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it takes posts."""
        return f"{self.server.url}/inbound"

    @property
    def settings(self) -> str:
        """A hub's settings by which it may be reached."""
        return f'{DEMO}\n[messages]\ncallback_allow = ["{self.server.url}"]\n'

    async def talk(self, peer: Peer) -> None:
        """Answer every post."""
        while True:
            head, _, body = (await peer.request()).partition(b"\r\n\r\n")
            line, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, value in (each.split(": ") for each in lines)}
            self.posts.append(Post(path=line.split()[1], headers=headers, body=body.decode()))
            if self.look is not None:
                self.seen.append(await self.look())
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if not answer:
                return
            await peer.send(answer)


@asynccontextmanager
async def receiving(*answers: bytes) -> AsyncIterator[Receiver]:
    """Serve an agent's own server."""
    receiver = Receiver(list(answers) or [TAKEN])
    async with serving(receiver.talk) as receiver.server:
        yield receiver


@asynccontextmanager
async def hub_for(
    start_hub: StartHub, receiver: Receiver, **more: Any
) -> AsyncIterator[tuple[Served, Caller]]:
    """Serve a hub whose agent ann has the receiver's callback URL."""
    async with start_hub(toml=receiver.settings, **more) as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("agents_set", id="ann", values={"callback_url": receiver.url})
        yield hub, ann


async def forwards(hub: Served) -> list[dict[str, Any]]:
    """Return what the operator sees, newest first."""
    found: list[dict[str, Any]] = (await hub.local("forwards_list"))["forwards"]
    return found


async def jobs(hub: Served) -> int:
    """Return how many tries are still to be made."""
    found = hub.rows("SELECT count(*) AS n FROM engine_jobs WHERE kind <> 'alert'")
    return int(found[0]["n"])


def has_been_tried(times: int) -> Callable[[list[dict[str, Any]]], bool]:
    """Return whether the only forward has been tried so often."""
    return lambda found: [each["tries"] for each in found] == [times]


async def until(hub: Served, state: str, tries: int = 1) -> dict[str, Any]:
    """Return the only forward once it is in a state after so many tries."""
    (forward,) = await hub.until(
        lambda: forwards(hub),
        lambda found: [(each["state"], each["tries"]) for each in found] == [(state, tries)],
    )
    return dict(forward)


def states(found: list[dict[str, Any]]) -> set[str]:
    """Return the states of forwards."""
    return {each["state"] for each in found}
