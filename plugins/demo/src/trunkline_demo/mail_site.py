"""The mailboxes over HTTP, for scripts and for the page."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.sdk.mail import is_address
from trunkline_demo.inputs import Input, agents_of, answered, items, timestamp
from trunkline_demo.mail_page import PAGE_HEADERS, shown_page
from trunkline_demo.mail_shapes import other_side, shown_mail
from trunkline_demo.mailbox import NO_AGENT, Kept, Mailbox, Mailboxes, Mode, Trouble
from trunkline_demo.mails import Draft
from trunkline_demo.network import NOT_TAKEN, NotOpen
from trunkline_demo.problems import Problem, read_input

MAX_TEXT: Final = 50_000
_MOST_COPIES: Final = 20

Address = Annotated[str, StringConstraints(max_length=320)]


class MailInput(Input):
    """
    What a person writes.

    `reply_to` and `forward` are ids of mails in the mailbox; an answer needs no `to` and no
    `subject`.
    """

    to: Address | None = None
    subject: str = Field(default="", max_length=998)
    body: str = Field(default="", max_length=MAX_TEXT)
    html: str | None = Field(default=None, max_length=MAX_TEXT)
    cc: list[Address] = Field(default=[], max_length=_MOST_COPIES)
    bcc: list[Address] = Field(default=[], max_length=_MOST_COPIES)
    reply_to: str | None = None
    forward: str | None = None


class AnswerInput(Input):
    """What a person writes to who wrote last, or to who wrote last from `to`."""

    body: str = Field(max_length=MAX_TEXT)
    to: Address | None = None
    subject: str = Field(default="", max_length=998)
    channel: Literal["email"] = "email"


class TroubleInput(Input):
    """What became of a mail after all."""

    trouble: Trouble


class ModeInput(Input):
    """What a mailbox does with what comes."""

    mode: Mode


def mail_routes(site: "MailSite") -> list[Route]:
    """Return the routes of the mailboxes."""
    box = "/mailboxes/{address}"
    mail = f"{box}/mails/{{mail_id}}"
    return [
        Route("/mailboxes", site.list_mailboxes, methods=["GET"]),
        Route(f"{box}/mode", site.set_mode, methods=["POST"]),
        Route(f"{box}/mails", site.list_mails, methods=["GET"]),
        Route(f"{box}/mails", site.write, methods=["POST"]),
        Route(f"{mail}/source", site.source, methods=["GET"]),
        Route(f"{mail}/page", site.page, methods=["GET"]),
        Route(f"{mail}/trouble", site.trouble, methods=["POST"]),
        Route(f"{mail}/auto-reply", site.auto_reply, methods=["POST"]),
    ]


class MailSite:
    """The mailboxes of a network, over HTTP."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._boxes = mailboxes

    async def list_mailboxes(self, _request: Request) -> Response:
        return items(
            [
                {
                    "address": box.address,
                    "mode": box.mode,
                    "mails": len(box.kept),
                    "lastMailAt": _last_at(box),
                }
                for box in self._boxes.all()
            ]
        )

    async def list_mails(self, request: Request) -> Response:
        """List the mails of a mailbox, newest first."""
        box = self._box(request)
        return items([shown_mail(kept, box.address) for kept in reversed(box.kept.values())])

    async def write(self, request: Request) -> Response:
        """Send what a person writes: a new mail, an answer, or one passed on."""
        given = await read_input(request, MailInput)
        return await self._send(request, given)

    async def reply(self, request: Request) -> Response:
        """Answer the newest mail, of whoever wrote it or of one address."""
        given = await read_input(request, AnswerInput)
        arrived = (
            kept.mail.id
            for kept in reversed(self._box(request).kept.values())
            if kept.is_inbound
            and (given.to is None or kept.mail.sender.casefold() == given.to.casefold())
        )
        newest = next(arrived, None)
        mail = MailInput(to=given.to, subject=given.subject, body=given.body, replyTo=newest)
        return await self._send(request, mail)

    async def _send(self, request: Request, given: MailInput) -> Response:
        """Send a person's mail, and answer what became of it."""
        box = self._box(request)
        answers = self._mail(box, given.reply_to, "replyTo")
        passed_on = self._mail(box, given.forward, "forward")
        other = None
        if answers is not None:
            other = other_side(answers)
        to = given.to or other
        if to is None:
            raise Problem(422, "invalid", 'to: name an address, as in "to": "ava@agents.example".')
        for field, addresses in (("to", [to]), ("cc", given.cc), ("bcc", given.bcc)):
            if not all(map(is_address, addresses)):
                raise Problem(422, "invalid", f"{field}: give bare e-mail addresses.")
        if not (given.subject.strip() or answers or passed_on):
            raise Problem(422, "invalid", "subject: a mail needs one.")
        if not (given.body.strip() or given.html or passed_on):
            raise Problem(422, "invalid", "body: write something.")
        draft = Draft(
            to=to,
            subject=given.subject,
            body=given.body,
            html=given.html,
            cc=tuple(given.cc),
            bcc=tuple(given.bcc),
            answers=answers.mail if answers else None,
            forwards=passed_on.mail if passed_on else None,
        )
        agents = await agents_of(request)
        known = {each.addresses.get("email", "").casefold() for each in agents or ()} - {""}
        self._boxes.learn(known)
        try:
            kept = await self._boxes.write(box.address, draft)
        except NotOpen:
            raise _not_open() from None
        except ValueError as error:
            raise Problem(422, "invalid", str(error)) from None
        lost = agents is not None and any(
            self._boxes.is_agents(each) and _without_tag(each) not in known
            for each in kept.mail.recipients
        )
        return _written(self._boxes.failed(box.address, kept, NO_AGENT) if lost else kept)

    async def source(self, request: Request) -> Response:
        """Return a mail as it went over the wire."""
        kept = self._asked(request)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(kept.mail.raw, headers=headers, media_type="text/plain; charset=utf-8")

    async def page(self, request: Request) -> Response:
        """Return the HTML of a mail, sanitised, for a frame that runs and fetches nothing."""
        html = self._asked(request).mail.said.html
        if html is None:
            raise Problem(404, "not_found", "This mail has no HTML.")
        return Response(shown_page(html), headers=PAGE_HEADERS, media_type="text/html")

    async def trouble(self, request: Request) -> Response:
        """Report a bounce or a complaint of a mail that came."""
        given = await read_input(request, TroubleInput)
        address, mail_id = self._box(request).address, request.path_params["mail_id"]
        try:
            return _told(await self._boxes.trouble(address, mail_id, given.trouble))
        except KeyError:
            raise _no_mail() from None
        except NotOpen:
            raise _not_open() from None

    async def auto_reply(self, request: Request) -> Response:
        """Answer a mail that came as a program would."""
        await read_input(request, Input)
        address, mail_id = self._box(request).address, request.path_params["mail_id"]
        try:
            return _written(await self._boxes.answer_absently(address, mail_id))
        except KeyError:
            raise _no_mail() from None
        except NotOpen:
            raise _not_open() from None

    async def set_mode(self, request: Request) -> Response:
        """Say what a mailbox does with what comes."""
        given = await read_input(request, ModeInput)
        self._boxes.set_mode(self._box(request).address, given.mode)
        return await self.list_mailboxes(request)

    def _box(self, request: Request) -> Mailbox:
        address = request.path_params["address"]
        if not is_address(address) or len(address) > 320:
            detail = "address: not an e-mail address, such as anna@people.example."
            raise Problem(422, "invalid", detail)
        if self._boxes.is_agents(address):
            detail = "address: it is an agent's: the hub has its mails."
            raise Problem(422, "invalid", detail)
        return self._boxes.find(address)

    def _asked(self, request: Request) -> Kept:
        kept = self._box(request).kept.get(request.path_params["mail_id"])
        if kept is None:
            raise _no_mail()
        return kept

    def _mail(self, box: Mailbox, mail_id: str | None, field: str) -> Kept | None:
        if mail_id is None:
            return None
        kept = box.kept.get(mail_id)
        if kept is None:
            raise Problem(422, "invalid", f"{field}: the mailbox has no such mail.")
        return kept


def _without_tag(address: str) -> str:
    """Return an address as its agent has it: after a plus the hub may have put a thread's."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _no_mail() -> Problem:
    return Problem(404, "not_found", "The mailbox has no such mail.")


def _not_open() -> Problem:
    detail = "The hub has not opened its demo connection yet; send one mail, then retry."
    return Problem(503, "provider_unavailable", detail)


def _last_at(box: Mailbox) -> str | None:
    newest = next(reversed(box.kept.values()), None)
    return timestamp(newest.mail.written_at) if newest else None


def _written(kept: Kept) -> Response:
    """Answer what a handset answers: whether it was taken, and what the hub said."""
    told: dict[str, object] = {
        "id": kept.mail.id,
        "status": "refused" if kept.reason == NOT_TAKEN else "accepted",
        "httpStatus": kept.http_status,
    }
    if kept.reason:
        told["reason"] = kept.reason
    return answered(told)


def _told(kept: Kept) -> Response:
    told: dict[str, object] = {"id": kept.mail.id, "status": kept.status}
    if kept.reason:
        told["reason"] = kept.reason
    return answered(told)
