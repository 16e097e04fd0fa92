"""The demo site: handsets over HTTP, for scripts and for the handset page."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import resources
from typing import Final

from pydantic import Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.sdk import E164, e164
from trunkline_demo.account_site import account_routes
from trunkline_demo.call_site import call_routes
from trunkline_demo.faults import Fault
from trunkline_demo.inputs import Input, MediaUrl, agents_of, answered, items, timestamp
from trunkline_demo.line import is_accepted
from trunkline_demo.mail_site import MailSite, mail_routes
from trunkline_demo.mailbox import Mailboxes
from trunkline_demo.network import (
    MAX_ARMED,
    MAX_BODY,
    Kept,
    Network,
    NotOpen,
    TooManyArmed,
)
from trunkline_demo.problems import Problem, problem_response, read_input
from trunkline_demo.ringing import Exchange
from trunkline_demo.storage import Shelf
from trunkline_demo.storage_site import storage_routes
from trunkline_demo.webhooks import Number
from trunkline_demo.whatsapp import WhatsApp
from trunkline_demo.whatsapp_site import whatsapp_routes

# A picture of a text may lie anywhere; the page fetches one only when a person asks for it.
_PAGE_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' https:; media-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class ReplyInput(Input):
    """What a handset writes; `to` defaults to the number that wrote to it last."""

    body: str = Field(max_length=MAX_BODY)
    to: Number | None = None
    channel: str = "sms"
    media_url: MediaUrl | None = None


class FaultInput(Input):
    """What shall go wrong with the next `times` sends."""

    fault: Fault
    times: int = Field(default=1, ge=1, le=MAX_ARMED)


def demo_app(
    network: Network,
    exchange: Exchange,
    mailboxes: Mailboxes,
    whatsapp: WhatsApp,
    shelf: Shelf,
) -> Starlette:
    """Return the application that serves the handsets and mailboxes of a network."""
    mail = MailSite(mailboxes)
    site = _Site(network, mail)
    handset = "/handsets/{address}"
    return Starlette(
        routes=[
            Route("/agents", site.list_agents, methods=["GET"]),
            Route("/handsets", site.list_handsets, methods=["GET"]),
            Route(f"{handset}/messages", site.list_messages, methods=["GET"]),
            Route(f"{handset}/reply", site.reply, methods=["POST"]),
            Route("/faults", site.list_faults, methods=["GET"]),
            Route("/faults", site.arm_fault, methods=["POST"]),
            Route("/faults", site.disarm_faults, methods=["DELETE"]),
            Route("/counts", site.counts, methods=["GET"]),
            *call_routes(exchange),
            *mail_routes(mail),
            *whatsapp_routes(whatsapp),
            *storage_routes(shelf),
            *account_routes(network),
            *_pages(),
        ],
        exception_handlers={Problem: problem_response, HTTPException: problem_response},
    )


class _Site:
    def __init__(self, network: Network, mail: MailSite) -> None:
        self._network = network
        self._mail = mail

    async def list_agents(self, request: Request) -> Response:
        """List the agents that have an address on a channel: ``?channel=email``, else texts."""
        channel = request.query_params.get("channel", "sms")
        return items(
            [
                {"agentId": agent.agent_id, "name": agent.name, "address": address}
                for agent in await agents_of(request) or ()
                if (address := agent.addresses.get(channel))
            ]
        )

    async def list_handsets(self, _request: Request) -> Response:
        return items(
            [
                {
                    "address": address,
                    "messages": len(texts),
                    "lastMessageAt": timestamp(texts[-1].text.written_at) if texts else None,
                }
                for address, texts in self._network.handsets().items()
            ]
        )

    async def list_messages(self, request: Request) -> Response:
        if _is_mailbox(request):
            return await self._mail.list_mails(request)
        texts = self._network.texts(_address(request))
        return items([_message(kept) for kept in reversed(texts)])

    async def reply(self, request: Request) -> Response:
        if _is_mailbox(request):
            return await self._mail.reply(request)
        address = _address(request)
        given = await read_input(request, ReplyInput)
        if given.channel != "sms":
            raise Problem(422, "unsupported", "channel: the simulated network carries sms only.")
        if not given.body and given.media_url is None:
            raise Problem(422, "invalid", "body: write something, or give a mediaUrl.")
        recipient = given.to or self._network.last_writer(address)
        if recipient is None:
            detail = (
                "to: nobody wrote to this handset since the demo started; name an agent's number, "
                'as in "to": "+12025550101".'
            )
            raise Problem(422, "invalid", detail)
        agents = await agents_of(request)
        nobodys = agents is not None and recipient not in {
            agent.addresses.get("sms") for agent in agents
        }
        try:
            reply = await self._network.reply(
                sender=address,
                recipient=recipient,
                body=given.body,
                media_urls=(given.media_url,) if given.media_url else (),
                is_nobodys=nobodys,
            )
        except NotOpen:
            detail = "The hub has not opened its demo connection yet; send one text, then retry."
            raise Problem(503, "provider_unavailable", detail) from None
        status = "accepted" if is_accepted(reply.http_status) else "refused"
        told: dict[str, object] = {
            "id": reply.text.id,
            "status": status,
            "httpStatus": reply.http_status,
        }
        if reply.reason:
            told["reason"] = reply.reason
        return answered(told)

    async def list_faults(self, _request: Request) -> Response:
        runs = itertools.groupby(self._network.armed())
        return items([{"fault": fault, "times": len(list(run))} for fault, run in runs])

    async def arm_fault(self, request: Request) -> Response:
        given = await read_input(request, FaultInput)
        try:
            self._network.arm(given.fault, given.times)
        except TooManyArmed:
            detail = f"times: at most {MAX_ARMED} faults may wait; DELETE clears them."
            raise Problem(422, "invalid", detail) from None
        return await self.list_faults(request)

    async def disarm_faults(self, _request: Request) -> Response:
        self._network.disarm()
        return Response(status_code=204)

    async def counts(self, _request: Request) -> Response:
        return answered(asdict(self._network.counts))


def _is_mailbox(request: Request) -> bool:
    return "@" in request.path_params["address"]


def _address(request: Request) -> E164:
    try:
        return e164(request.path_params["address"])
    except ValueError as error:
        raise Problem(422, "invalid", f"address: {error}") from None


def _message(kept: Kept) -> dict[str, object]:
    """Render a text in the hub's own message shape, as the handset's owner sees it."""
    text = kept.text
    message: dict[str, object] = {
        "id": text.id,
        "channel": "sms",
        "direction": "inbound" if kept.is_inbound else "outbound",
        "from": text.sender,
        "to": text.recipient,
        "body": text.body,
        "bodyState": "kept",
        "timestamp": timestamp(text.written_at),
        "status": kept.status,
        "cost": None,
        "read": False,
        "untrusted": False,
    }
    if text.media_urls:  # left out where there are none, as the hub does
        message["mediaUrl"] = text.media_urls[0]
        message["mediaCount"] = len(text.media_urls)
    if kept.reason:
        message["reason"] = kept.reason
    if len(text.media_urls) > 1:
        message["mediaUrls"] = text.media_urls
    return message


def _pages() -> Iterator[Route]:
    """Serve every file of ``page/``; those of HTML without their ending, ``index.html`` at /."""
    for file in sorted(resources.files("trunkline_demo").joinpath("page").iterdir(), key=str):
        stem, dot, ending = file.name.rpartition(".")
        path = {"index.html": "/"}.get(file.name, f"/{stem if ending == 'html' else file.name}")
        content, media_type = file.read_bytes(), _TYPES[dot + ending]
        yield Route(path, _page(content, media_type), methods=["GET"])


def _page(content: bytes, media_type: str) -> Callable[[Request], Response]:
    def serve(_request: Request) -> Response:
        return Response(content, headers=_PAGE_HEADERS, media_type=media_type)

    return serve
