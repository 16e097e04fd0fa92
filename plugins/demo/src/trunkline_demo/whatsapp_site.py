"""The WhatsApp handset over HTTP, for scripts and for its page."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.sdk import E164, HUB_VIEW, DeliveryStatus, HubView, e164
from trunkline_demo.inputs import Input, MediaUrl, answered, items, timestamp
from trunkline_demo.network import NotOpen
from trunkline_demo.problems import Problem, read_input
from trunkline_demo.whatsapp import MAX_CHARACTERS, NAMES, WhatsApp
from trunkline_demo.whatsapp_chats import CannotPick, Chat, ChatMessage, IsBlocked, NoSuchMessage
from trunkline_demo.whatsapp_webhooks import has_number, read_person

AgentsNumber = Annotated[E164, AfterValidator(e164)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]

_NOT_OPEN = "The hub has not opened its demo connection yet; try again in a moment."
_BLOCKED = "to: this person has blocked the agent; unblock it first."
_NO_MESSAGE = "There is no message of this id in the chat."
_NO_CHOICE = "choice: the message does not offer it, or something was picked already."
_NOBODY = "to: no agent has this WhatsApp number."


class ChatInput(Input):
    """One chat of a person: the agent on the other side."""

    to: AgentsNumber


class WriteInput(ChatInput):
    """What a person writes; `quotes` is the id of the message that it answers."""

    body: str = Field(default="", max_length=MAX_CHARACTERS)
    media_url: MediaUrl | None = None
    quotes: Id | None = None


class ReactInput(ChatInput):
    """A person's reaction to a message; an empty one takes it back."""

    message: Id
    emoji: str = Field(max_length=16)


class PickInput(ChatInput):
    """What a person taps of what a message offers."""

    message: Id
    choice: Id


class BlockInput(ChatInput):
    """Whether a person wants nothing of an agent."""

    blocked: bool


def whatsapp_routes(whatsapp: WhatsApp) -> list[Route]:
    """Return the routes of the WhatsApp handset."""
    site = _Site(whatsapp)
    person = "/whatsapp/people/{person}"
    posts = {
        "messages": site.write,
        "read": site.read,
        "reaction": site.react,
        "pick": site.pick,
        "block": site.block,
        "day": site.let_day_pass,
    }
    return [
        Route("/whatsapp/templates", site.list_templates, methods=["GET"]),
        Route("/whatsapp/people", site.list_people, methods=["GET"]),
        Route(person, site.show, methods=["GET"]),
        *(Route(f"{person}/{path}", _told(do), methods=["POST"]) for path, do in posts.items()),
    ]


class _Site:
    def __init__(self, whatsapp: WhatsApp) -> None:
        self._whatsapp = whatsapp

    async def list_templates(self, _request: Request) -> Response:
        return items(
            [
                {
                    "templateId": each.provider_id,
                    "name": each.name,
                    "language": each.language,
                    "body": each.body,
                    "variables": list(each.variables),
                    "state": each.state.value,
                }
                for each in self._whatsapp.templates.values()
            ]
        )

    async def list_people(self, _request: Request) -> Response:
        return items([_card(each) for each in self._whatsapp.people()])

    async def show(self, request: Request) -> Response:
        person = _person(request)
        chats = [self._chat(each) for each in self._whatsapp.chats(person)]
        return answered({**_card(person), "chats": chats})

    async def write(self, request: Request) -> Response:
        given = await read_input(request, WriteInput)
        if not given.body.strip() and given.media_url is None:
            raise Problem(422, "invalid", "body: write something, or give a mediaUrl.")
        await _check_agent(request, given.to)
        message = await self._whatsapp.write(
            _person(request),
            given.to,
            given.body,
            media_urls=(given.media_url,) if given.media_url else (),
            quoted_id=given.quotes,
        )
        return answered(_message(message, _person(request)))

    async def read(self, request: Request) -> Response:
        given = await read_input(request, ChatInput)
        await self._whatsapp.read(_person(request), given.to)
        return Response(status_code=204)

    async def react(self, request: Request) -> Response:
        given = await read_input(request, ReactInput)
        person = _person(request)
        if not await self._whatsapp.react(person, given.to, given.message, given.emoji):
            raise Problem(503, "provider_unavailable", "The hub did not take it.")
        return Response(status_code=204)

    async def pick(self, request: Request) -> Response:
        given = await read_input(request, PickInput)
        person = _person(request)
        message = await self._whatsapp.pick(person, given.to, given.message, given.choice)
        return answered(_message(message, person))

    async def block(self, request: Request) -> Response:
        given = await read_input(request, BlockInput)
        chat = self._whatsapp.chat(_person(request), given.to)
        chat.is_blocked = given.blocked
        return answered(self._chat(chat))

    async def let_day_pass(self, request: Request) -> Response:
        given = await read_input(request, ChatInput)
        person = _person(request)
        self._whatsapp.let_day_pass(person, given.to)
        return answered(self._chat(self._whatsapp.chat(person, given.to)))

    def _chat(self, chat: Chat) -> dict[str, object]:
        return {
            "agent": chat.agent,
            "closesAt": timestamp(chat.closes_at) if chat.closes_at else None,
            "isOpen": self._whatsapp.is_open(chat.person, chat.agent),
            "blocked": chat.is_blocked,
            "messages": [_message(each, chat.person) for each in chat.messages],
        }


def _told(do: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that says what stands against what a person does."""

    async def handle(request: Request) -> Response:
        try:
            return await do(request)
        except NotOpen:
            raise Problem(503, "provider_unavailable", _NOT_OPEN) from None
        except IsBlocked:
            raise Problem(422, "invalid", _BLOCKED) from None
        except NoSuchMessage:
            raise Problem(404, "not_found", _NO_MESSAGE) from None
        except CannotPick:
            raise Problem(422, "invalid", _NO_CHOICE) from None

    return handle


async def _check_agent(request: Request, number: str) -> None:
    """Refuse to write to a number that no agent has; where no hub lends its view, any will do."""
    view: HubView | None = request.scope.get(HUB_VIEW)
    if view is None:
        return
    if number not in {each.addresses.get("whatsapp") for each in await view.agents()}:
        raise Problem(422, "invalid", _NOBODY)


def _person(request: Request) -> str:
    try:
        return read_person(request.path_params["person"])
    except ValueError:
        detail = "person: neither a number in E.164 form nor a user id, such as DE.AbC123."
        raise Problem(422, "invalid", detail) from None


def _card(person: str) -> dict[str, object]:
    return {"address": person, "name": NAMES.get(person), "hasNumber": has_number(person)}


def _message(message: ChatMessage, person: str) -> dict[str, object]:
    """
    Render a message as its person has it.

    `status` of what an agent wrote is what that sees: sent, delivered, read or failed.
    """
    shown: dict[str, object] = {
        "id": message.id,
        "direction": "outbound" if message.sender == person else "inbound",
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "timestamp": timestamp(message.written_at),
        "status": message.status.value,
    }
    if message.status is DeliveryStatus.FAILED:
        shown["reason"] = message.reason
    if message.media_urls:
        shown["mediaUrl"] = message.media_urls[0]
    if message.quoted_id:
        shown["quotes"] = message.quoted_id
    if message.choices:
        shown["choices"] = [{"id": each.id, "label": each.label} for each in message.choices]
        shown["hasButtons"] = message.has_buttons
        shown["picked"] = message.picked
    if message.choice:
        shown["choice"] = message.choice
    if message.reaction:
        shown["reaction"] = message.reaction
    if message.template:
        shown["template"] = {
            "templateId": message.template.provider_id,
            "name": message.template.name,
            "language": message.template.language,
        }
    return shown
