"""MCP hosts that subscribe to events, and the URLs at which they take them."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
from standardwebhooks import Webhook

from tests.egress.servers import Peer, serving
from tests.flows.hubs import ANN, Caller, Served, StartHub
from tests.flows.receivers import TAKEN, Post, Receiver, refusal
from trunkline.sdk import Clock

SECRET = f"whsec_{b64encode(bytes(range(32))).decode()}"
OTHER_SECRET = f"whsec_{b64encode(bytes(range(64))).decode()}"
META = "io.modelcontextprotocol"


# -- start wake --
def wake(secrets: dict[str, str], headers: dict[str, str], body: str, known: set[str]) -> Any:
    """Return the answer to a post and the event that it tells of, None if there is nothing new."""
    came = Webhook(secrets[headers["x-mcp-subscription-id"]]).verify(body, headers)
    if came.get("type") == "verification":
        return {"challenge": came["challenge"]}, None
    is_new = headers["webhook-id"] not in known
    known.add(headers["webhook-id"])
    return {}, came if is_new else None


# -- end wake --


def repeats(post: Post) -> bytes:
    """Prove that the URL wants events."""
    body = json.dumps({"challenge": post.event["challenge"]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@dataclass
class Subscriber(Receiver):
    """A host's URL: it takes nothing that is not signed, and gives challenges its `proof`."""

    secrets: list[str] = field(default_factory=lambda: [SECRET])
    proof: Callable[[Post], bytes] = repeats
    challenges: list[Post] = field(default_factory=list)
    came: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released for each event."""
    knock: Callable[[], Any] | None = None
    """Is awaited before a challenge is answered."""

    async def talk(self, peer: Peer) -> None:
        """Answer every post."""
        while True:
            head, _, body = (await peer.request()).partition(b"\r\n\r\n")
            line, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, value in (each.split(": ") for each in lines)}
            post = Post(path=line.split()[1], headers=headers, body=body.decode())
            if headers["webhook-signature"] != self.signature_of(post):
                await peer.send(refusal("401 Unauthorized"))
                return
            if post.event.get("type") == "verification":
                self.challenges.append(post)
                if self.knock is not None:
                    await self.knock()
                answer = self.proof(post)
            else:
                self.posts.append(post)
                self.came.release()
                if self.look is not None:
                    self.seen.append(await self.look())
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if not answer:
                return
            await peer.send(answer)

    def signature_of(self, post: Post) -> str:
        """Return what must stand beside a post; the library's own check knows no other clock."""
        at = datetime.fromtimestamp(int(post.headers["webhook-timestamp"]), UTC)
        return " ".join(Webhook(each).sign(post.id, at, post.body) for each in self.secrets)

    @property
    def data(self) -> list[Any]:
        """What the events tell."""
        return [post.event["data"] for post in self.posts]


@dataclass(frozen=True)
class Rpc:
    """What a host asks by JSON-RPC, as somebody with a token; of either era."""

    caller: Caller
    era: str = LATEST_MODERN_VERSION

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the whole answer to a request."""
        headers = {
            "Authorization": f"Bearer {self.caller.token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": self.era,
        }
        if self.era == LATEST_MODERN_VERSION:
            headers["Mcp-Method"] = method
            params["_meta"] = {
                f"{META}/protocolVersion": self.era,
                f"{META}/clientInfo": {"name": "host", "version": "1"},
                f"{META}/clientCapabilities": {},
            }
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await self.caller.client.post("/mcp", json=request, headers=headers)
        return dict(answer.json())

    async def get(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result of a request that must work."""
        answer = await self.ask(method, **params)
        assert "result" in answer, answer
        return dict(answer["result"])

    async def fail(self, method: str, **params: Any) -> tuple[int, str, Any]:
        """Return the error of a request that must not work: code, sentence and data."""
        answer = await self.ask(method, **params)
        assert "error" in answer, answer
        error = answer["error"]
        return error["code"], error["message"], error.get("data")


def legacy(caller: Caller) -> Rpc:
    """Return a host of the older era."""
    return Rpc(caller, LATEST_HANDSHAKE_VERSION)


ERAS = pytest.mark.parametrize("era", [Rpc, legacy])
NEVER = b""
"""What is answered by hanging up."""


def to(
    url: str, event: str = "message.received", secret: str = SECRET, **arguments: Any
) -> dict[str, Any]:
    """Return what `events/subscribe` takes."""
    return {
        "name": event,
        "arguments": arguments,
        "delivery": {"mode": "webhook", "url": url, "secret": secret},
        "cursor": None,
    }


@asynccontextmanager
async def subscribable(*answers: bytes) -> AsyncIterator[Subscriber]:
    """Serve a host's URL."""
    subscriber = Subscriber(list(answers) or [TAKEN])
    async with serving(subscriber.talk) as subscriber.server:
        yield subscriber


@asynccontextmanager
async def host_and_hub(
    start_hub: StartHub, *answers: bytes, clock: Clock | None = None
) -> AsyncIterator[tuple[Subscriber, Served, Caller]]:
    """Serve a host's URL and a hub that may reach it, with an agent ann."""
    async with (
        subscribable(*answers) as subscriber,
        start_hub(toml=subscriber.settings, clock=clock) as hub,
    ):
        yield subscriber, hub, await hub.agent("ann", ANN)


def states(hub: Served) -> list[tuple[str, int]]:
    """Return how each occurrence stands, and after how many tries; oldest first."""
    rows = hub.rows("SELECT state, tries FROM occurrences ORDER BY id")
    return [(row["state"], row["tries"]) for row in rows]


async def until(hub: Served, *wanted: tuple[str, int]) -> None:
    """Wait until the occurrences stand so."""

    async def now() -> list[tuple[str, int]]:
        return states(hub)

    await hub.until(now, lambda found: found == list(wanted))
