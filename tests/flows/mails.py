"""An e-mail network whose other side the test plays: what was sent, and what comes in."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import NoConfig
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    BadSignature,
    Capability,
    DeliveryStatus,
    EmailProvider,
    Failure,
    FailureKind,
    InboundEvent,
    MailAuthentication,
    OutboundEmail,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Received,
    ReceivedEmail,
    Reported,
    Verdict,
    WebhookAdapter,
    WebhookRequest,
)

POST = """
[slots]
email = "post"
"""
ANN, BOB, EVE = "ann@agents.example", "bob@people.example", "eve@elsewhere.example"
BOUNCED = Failure(kind=FailureKind.UNREACHABLE, sentence="There is no such mailbox.")
COMPLAINED = Failure(kind=FailureKind.OPTED_OUT, sentence="The recipient called it spam.")


class PostHooks(WebhookAdapter[NoConfig]):
    """Events as JSON: mails that come in, and reports."""

    def claims(self, request: WebhookRequest) -> bool:
        return "x-post" in request.headers

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        if request.headers["x-post"] != "signed":
            raise BadSignature("not the post's")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        told = json.loads(request.body)
        if "status" in told:
            return [
                Reported(
                    external_id=f"{told['id']}-{told['status']}-{told.get('recipient')}",
                    provider_id=told["id"],
                    status=DeliveryStatus(told["status"]),
                    vendor_status=told["status"],
                    error_code=told.get("code"),
                    recipient=told.get("recipient"),
                    message_ref=told.get("ref"),
                )
            ]
        checks = MailAuthentication(dmarc=Verdict(told.pop("dmarc", "unknown")))
        for name in ("references", "delivered_to", "to", "cc"):
            told[name] = tuple(told.get(name, ()))
        return [ReceivedEmail(external_id=told["provider_id"], authentication=checks, **told)]


@dataclass
class Post(EmailProvider):
    """Keeps what it was asked to send."""

    sent: list[OutboundEmail] = field(default_factory=list)
    refusal: Exception | None = None
    fetched: str | Exception = ""
    """What completes an announced mail."""
    asked_for: int = 0
    """How often one was fetched."""

    async def complete(self, event: Received) -> Received:
        self.asked_for += 1
        if isinstance(self.fetched, Exception):
            raise self.fetched
        return replace(event, body=self.fetched)

    async def send(self, mail: OutboundEmail) -> Receipt:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(mail)
        return Receipt(provider_id=f"post-{len(self.sent)}")

    def plugins(self) -> Plugins:
        """Return the installed plugins, and this network."""

        @asynccontextmanager
        async def open_post(config: NoConfig, context: ProviderContext) -> AsyncIterator[Post]:
            yield self

        spec: ProviderSpec[Any, Any] = ProviderSpec(
            name="post",
            config=NoConfig,
            open=open_post,
            capabilities=frozenset(
                {Capability.EMAIL_SEND, Capability.EMAIL_RECEIVE, Capability.EMAIL_STATUS}
            ),
            failures={"no_mailbox": BOUNCED, "complaint": COMPLAINED},
            webhook=PostHooks(),
        )
        plugins = load_plugins()
        return replace(plugins, providers={**plugins.providers, "email": {"post": spec}})


async def arrives(hub: Served, number: int, **mail: Any) -> httpx2.Response:
    """Let a mail come in for Ann, from Bob unless told otherwise."""
    told = {"sender": BOB, "recipient": ANN, "body": "Hi.", **mail, "provider_id": f"in-{number}"}
    return await tell(hub, told)


async def tell(hub: Served, event: dict[str, Any]) -> httpx2.Response:
    """Let the network tell the hub something."""
    return await hub.client.post(
        "/webhooks/connections/post", json=event, headers={"x-post": "signed"}
    )


@pytest.fixture
def post() -> Post:
    """The network of a hub that has no other for mails."""
    return Post()


@pytest.fixture
async def hub(start_hub: StartHub, post: Post) -> AsyncIterator[Served]:
    """A hub on the network."""
    async with start_hub(plugins=post.plugins(), toml=POST) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    """An agent with an address there."""
    await hub.local("agents_create", id="ann", values={"email": ANN})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def mail(ann: Caller, **more: Any) -> dict[str, Any]:
    """Send Bob a mail and return what the hub answers."""
    given = {"to": BOB, "subject": "Order 18", "body": "It is on its way.", **more}
    answer = await ann.post("comms_send_message", {"channel": "email", **given})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
