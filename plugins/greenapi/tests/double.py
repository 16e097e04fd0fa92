"""
A GREEN-API on loopback, written from its documentation: one instance, its queue and its journal.

It takes nothing that the documentation does not tell of, so that a request to it is judged too.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2

from plugins.greenapi.tests.vendor import CHAT, CONFIG, HUB, ID, SENT_AT, TOKEN
from trunkline.testing import FakeClock, RecordingLog, provider_context
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.whatsapp import GreenApi, open_greenapi

T = TypeVar("T")
Json = dict[str, Any]
_PATH: Final = re.compile(r"/waInstance(\d+)/(\w+)/(\w+)(?:/(\d+))?")
TLS: Final = httpx2.create_ssl_context()  # made once: it takes a third of a second
_CHAT: Final = re.compile(r"[1-9]\d{6,14}@c\.us|\d+@lid|[\d-]+@g\.us")
NOTHING: Final = object()
_FIELDS: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "sendMessage": ({"chatId", "message"}, {"quotedMessageId", "linkPreview"}),
    "sendInteractiveButtonsReply": ({"chatId", "body", "buttons"}, {"header", "footer"}),
    "sendFileByUrl": ({"chatId", "urlFile", "fileName"}, {"caption", "quotedMessageId"}),
}
"""Of each method what it must be given, and what it may."""


@dataclass
class Double:
    """
    The instance.

    Attributes:
        answers: What it says instead, by method: a status and a body; None breaks the connection.
        asked: The method, path and body of every request.
    """

    state: str = "authorized"
    phone: str = HUB.removeprefix("+")
    settings: Json = field(default_factory=lambda: dict(SETTINGS))
    queue: list[Json] = field(default_factory=list)
    journal: list[Json] = field(default_factory=list)
    notifications: list[Json] = field(default_factory=list)
    answers: dict[str, tuple[int, object] | None] = field(default_factory=dict)
    asked: list[tuple[str, str, Json]] = field(default_factory=list)
    now_s: float = SENT_AT.timestamp()

    def called(self) -> list[str]:
        """Return the methods that were called."""
        return [urlsplit(path).path.split("/")[2] for _, path, _ in self.asked]

    def deliver(self, status: str = "sent") -> None:
        """Send what waits, and note it in the journal."""
        for waiting in self.queue:
            self.journal.append(journaled_of(waiting, status, int(self.now_s)))
        self.queue.clear()

    def answer(  # noqa: PLR0911 - each refusal where its reason stands
        self, verb: str, path: str, body: Json
    ) -> tuple[int, object] | None:
        """Return the status and the body of the answer to a request."""
        parts = urlsplit(path)
        found = _PATH.fullmatch(parts.path)
        if found is None:
            return 404, {"message": "Not Found"}
        instance, method, token, receipt = found.groups()
        wanted = "POST" if method in (*_FIELDS, "setSettings") else "DELETE" if receipt else "GET"
        if instance != CONFIG["id_instance"]:
            return 403, b"Forbidden"
        if token != TOKEN:
            return 401, b"Unauthorized"
        if method in self.answers:
            return self.answers[method]
        if verb != wanted:
            return 404, {"message": "Not Found"}
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        if method in _FIELDS:
            return self._take(method, path, body)
        if method == "setSettings":
            return self._set(path, body)
        said = self._tell(method, query, int(receipt or 0))
        return (400, {"message": "bad request data"}) if said is NOTHING else (200, said)

    def _tell(  # noqa: PLR0911 - one for each method
        self, method: str, query: Mapping[str, int], receipt: int
    ) -> object:
        match method:
            case "showMessagesQueue":
                return self.queue[:500]
            case "lastOutgoingMessages":
                after = self.now_s - 60 * query.get("minutes", 1440)
                return [each for each in self.journal if each["timestamp"] >= after]
            case "getStateInstance":
                return {"stateInstance": self.state}
            case "getSettings":
                return self.settings
            case "getWaSettings":
                is_linked = self.state not in ("notAuthorized", "blocked", "starting")
                phone = self.phone if is_linked else ""
                return {"avatar": "", "phone": phone, "stateInstance": self.state, "deviceId": ""}
            case "receiveNotification" if 5 <= query.get("receiveTimeout", 5) <= 60:
                return self.notifications[0] if self.notifications else None
            case "deleteNotification":
                known = [each for each in self.notifications if each["receiptId"] == receipt]
                for each in known:
                    self.notifications.remove(each)
                return {"result": bool(known)}
        return NOTHING

    def _set(self, path: str, body: Json) -> tuple[int, object]:
        if not body or not body.keys() <= SETTINGS.keys() - {"wid"}:
            return refusal_body(400, "Validation failed. Details: unknown field", path)
        self.settings = {**self.settings, **body}
        return 200, {"saveSettings": True}

    def _take(self, method: str, path: str, body: Json) -> tuple[int, object]:
        must, may = _FIELDS[method]
        given = set(body)
        bare = {name: value for name, value in body.items() if name != "buttons"}
        is_whole = must <= given <= must | may and all(isinstance(v, str) for v in bare.values())
        is_whole = is_whole and ("buttons" not in body or _are_buttons(body["buttons"]))
        chat, text = str(body.get("chatId")), str(body.get("message", body.get("caption", "")))
        has_name = method != "sendFileByUrl" or "." in str(body.get("fileName"))
        if not is_whole or not _CHAT.fullmatch(chat) or len(text) > 20_000 or not has_name:
            return refusal_body(400, f"Validation failed. Details: 'chatId' {chat}", path)
        number = f"{ID}{len(self.asked)}"
        self.queue.append({"messageID": number, "type": method, "body": body})
        return 200, {"idMessage": number}

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port and yield the URL."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.do_GET()

            def do_DELETE(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(raw) if raw else {}
                double.asked.append((self.command, self.path, body))
                answer = double.answer(self.command, self.path, body)
                if answer is None:  # it was read, and nobody answers
                    self.close_connection = True
                    return
                status, said = answer
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    async def ask(self, question: Callable[[GreenApi], Awaitable[T]], **config: object) -> T:
        """Ask an adapter that speaks to this instance over a connection."""
        with self.serving() as url:
            settings = GreenApiConfig.model_validate({**CONFIG, **config, "base_url": url})
            async with httpx2.AsyncClient(verify=TLS) as http:
                context = provider_context(http, clock=FakeClock(SENT_AT), log=RecordingLog())
                async with open_greenapi(settings, context) as greenapi:
                    return await question(greenapi)


def _are_buttons(buttons: list[Json]) -> bool:
    """Tell whether GREEN-API takes buttons: up to three, of up to 25 characters."""
    return 1 <= len(buttons) <= 3 and all(
        each.keys() == {"buttonId", "buttonText"} and 1 <= len(each["buttonText"]) <= 25
        for each in buttons
    )


SETTINGS: Final[Json] = {
    "wid": f"{HUB.removeprefix('+')}@c.us",
    "webhookUrl": f"https://hub.example/webhooks/connections/greenapi/whatsapp/{CONFIG['webhook_secret']}",
    "webhookUrlToken": CONFIG["webhook_token"],
    "delaySendMessagesMilliseconds": 3000,
    "incomingWebhook": "yes",
    "outgoingWebhook": "yes",
    "outgoingMessageWebhook": "no",
    "outgoingAPIMessageWebhook": "no",
    "stateWebhook": "no",
}


def refusal_body(status: int, message: str, path: str) -> tuple[int, Json]:
    """Return a refusal as GREEN-API words it: with the path, and so with the token."""
    said = {"statusCode": status, "timestamp": "2026-01-15T12:00:00.000Z", "path": path}
    return status, {**said, "message": message}


def queued(text: str, chat: str = CHAT, number: str = ID) -> Json:
    """Return a message that waits."""
    body = {"chatId": chat, "message": text, "linkPreview": True}
    return {"messageID": number, "type": "sendMessage", "body": body}


def journaled(text: str, chat: str = CHAT, **changes: object) -> Json:
    """Return a text that left the queue as the journal shows it."""
    shown = {
        "type": "outgoing",
        "idMessage": ID,
        "timestamp": int(SENT_AT.timestamp()),
        "typeMessage": "extendedTextMessage",
        "chatId": chat,
        "textMessage": text,
        "extendedTextMessage": {"text": text, "description": "", "title": "", "isForwarded": False},
        "statusMessage": "delivered",
        "sendByApi": True,
    }
    return {**shown, **changes}


def journaled_of(waiting: Json, status: str, at_s: int) -> Json:
    """Return what waits as the journal shows it once it was sent."""
    body, told = waiting["body"], {"idMessage": waiting["messageID"], "timestamp": at_s}
    if "buttons" in body:
        shown = journaled("", body["chatId"], statusMessage=status, **told)
        del shown["textMessage"], shown["extendedTextMessage"]
        content = {"contentText": body["body"], "buttons": body["buttons"]}
        return {**shown, "typeMessage": "interactiveButtons", "interactiveButtons": content}
    if "urlFile" not in body:
        return journaled(body["message"], body["chatId"], statusMessage=status, **told)
    media = {
        "typeMessage": "imageMessage",
        "downloadUrl": "https://sw-media-out.example/1.jpg",
        "caption": body.get("caption", ""),
        "fileName": body["fileName"],
        "statusMessage": status,
    }
    shown = journaled("", body["chatId"], **told, **media)
    return {name: shown[name] for name in shown.keys() - {"textMessage", "extendedTextMessage"}}
