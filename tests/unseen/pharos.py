"""An adapter of Pharos, a WhatsApp vendor that does not exist: forms, and addresses of its own."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from trunkline import sdk

_STATES: Final = {
    "queued": sdk.DeliveryStatus.SENT,
    "on_device": sdk.DeliveryStatus.DELIVERED,
    "seen": sdk.DeliveryStatus.READ,
    "lost": sdk.DeliveryStatus.FAILED,
}
_TEMPLATES: Final = {
    "live": sdk.TemplateState.APPROVED,
    "in_review": sdk.TemplateState.PENDING,
    "refused": sdk.TemplateState.REJECTED,
    "resting": sdk.TemplateState.PAUSED,
}
_FAILURES: Final = {
    "P10": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE, sentence="They have no WhatsApp."),
    "P24": sdk.Failure(kind=sdk.FailureKind.OUT_OF_WINDOW, sentence="Send a template."),
}
_REFUSALS: Final[Mapping[str | None, type[sdk.ProviderError]]] = {
    "P02": sdk.OutOfCredit,
    "P31": sdk.OptedOut,
}


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Config(_Read):
    token: SecretStr = Field(min_length=16)
    secret: SecretStr = Field(min_length=16)
    base_url: str = Field("https://api.pharos.example", pattern=r"^https?://[^/]+$")


class _Refusal(_Read):
    code: str = Field(pattern="^P[0-9]{2}$")


class _Taken(_Read):
    id: str = Field(min_length=1)


class _Template(_Taken):
    name: str
    lang: str
    text: str
    fields: tuple[str, ...] = ()
    state: str
    use: str | None = None


class _Templates(_Read):
    templates: tuple[_Template, ...]


class _Event(_Read):
    event: str = Field(min_length=1)
    kind: str
    at: int
    data: dict[str, Any]


class _State(_Taken):
    state: str
    code: str | None = None


class _Message(_Taken):
    wa_from: str
    wa_to: str
    name: str | None = None
    kind: str
    answers: str | None = None
    content: dict[str, Any] = {}


class Pharos(sdk.WhatsAppProvider):
    def __init__(self, config: Config, context: sdk.ProviderContext) -> None:
        self._http, self._log = context.http, context.log
        self._url = config.base_url
        self._headers = {"authorization": f"Bearer {config.token.get_secret_value()}"}

    async def send(self, message: sdk.OutboundWhatsApp) -> sdk.Receipt:
        if len(message.media) > 1:
            raise sdk.Rejected("Pharos takes one file with a message.")
        form = {"from": _written(message.sender), "to": _written(message.recipient)}
        if message.template is not None:
            form["template"] = message.template
            form["values"] = json.dumps(dict(message.template_values))
            if message.language is not None:
                form["lang"] = message.language
        else:
            form["text"] = message.body
        if message.choices:
            form |= _menu(message)
        if message.quoted_id is not None:
            form["answers"] = message.quoted_id
        for each in message.media:
            form["link"] = each.url
            if each.name is not None:
                form["filename"] = each.name
        if message.status_url is not None:
            form["notify"] = message.status_url
        with sdk.transport_errors("Pharos"):
            url = f"{self._url}/send"
            response = await self._http.post(url, data=form, headers=self._headers)
        return sdk.Receipt(provider_id=_read(_Taken, response).id)

    async def templates(self) -> list[sdk.Template]:
        with sdk.transport_errors("Pharos"):
            response = await self._http.get(f"{self._url}/templates", headers=self._headers)
        return [
            sdk.Template(
                provider_id=each.id,
                name=each.name,
                language=each.lang,
                body=each.text,
                variables=each.fields,
                state=_TEMPLATES.get(each.state, sdk.TemplateState.UNKNOWN),
                category=each.use,
            )
            for each in _read(_Templates, response).templates
        ]


@asynccontextmanager
async def _opened(config: Config, context: sdk.ProviderContext) -> AsyncIterator[Pharos]:
    yield Pharos(config, context)


def _menu(message: sdk.OutboundWhatsApp) -> dict[str, str]:
    if message.media or message.template is not None:
        raise sdk.Rejected("Pharos shows choices under a text alone.")
    if (shown := sdk.shown_as(message.choices)) is None:
        raise sdk.Rejected("Pharos shows ten choices of 24 characters.")
    offers = [{"pick": each.id, "says": each.label} for each in message.choices]
    menu = "keys" if shown is sdk.Capability.WHATSAPP_BUTTONS else "list"
    return {"menu": menu, "offers": json.dumps(offers)}


def _written(address: str) -> str:
    """Return an address as Pharos writes it."""
    return f"tel:{address[1:]}" if address.startswith("+") else f"id:{address}"


def _address(written: str) -> str:
    scheme, _, address = written.partition(":")
    if not address:
        raise ValueError("It is no address.")
    return f"+{address}" if scheme == "tel" else address


R = TypeVar("R", bound=_Read)


def _read(model: type[R], response: httpx2.Response) -> R:
    if not response.is_success:
        raise _refusal(response)
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise sdk.OutcomeUnknown("Pharos's answer cannot be read.") from error


def _refusal(response: httpx2.Response) -> sdk.ProviderError:
    try:
        code = _Refusal.model_validate_json(response.content).code
    except ValidationError:
        code = None
    status = response.status_code
    if status == 429:
        wait = response.headers.get("retry-after", "")
        wait_s = float(wait) if wait.isdecimal() else 1.0
        return sdk.RetryLater("It limits our rate.", retry_after_s=wait_s, provider_code=code)
    if status == 401:
        return sdk.AuthFailed("Pharos refused the token.", provider_code=code)
    if response.is_client_error:
        error = _REFUSALS.get(code, sdk.Rejected)
        return error(f"Pharos refused it ({status}).", provider_code=code)
    return sdk.OutcomeUnknown(f"Pharos answered {status}.", provider_code=code)


class Webhooks(sdk.WebhookAdapter[Config]):
    def claims(self, request: sdk.WebhookRequest) -> bool:
        return "pharos-seal" in request.headers

    def verify(self, request: sdk.WebhookRequest, config: Config) -> None:
        key = config.secret.get_secret_value().encode()
        expected = hmac.new(key, request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("pharos-seal", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise sdk.BadSignature("The seal does not match.")

    def parse(self, request: sdk.WebhookRequest) -> Sequence[sdk.InboundEvent]:
        event = _Event.model_validate(json.loads(request.body))
        if event.kind == "message":
            return [_received(event, _Message.model_validate(event.data))]
        if event.kind == "state":
            told = _State.model_validate(event.data)
            return [
                sdk.Reported(
                    external_id=event.event,
                    provider_id=told.id,
                    status=_STATES.get(told.state),
                    vendor_status=told.state,
                    error_code=told.code,
                    occurred_at=datetime.fromtimestamp(event.at, UTC),
                )
            ]
        return []


def _received(event: _Event, message: _Message) -> sdk.ReceivedWhatsApp:
    content, read = _KINDS.get(message.kind, (sdk.WhatsAppContent.OTHER, _nothing))
    facts = read(message.content)
    return sdk.ReceivedWhatsApp(
        external_id=event.event,
        provider_id=message.id,
        sender=_address(message.wa_from),
        recipient=_address(message.wa_to),
        occurred_at=datetime.fromtimestamp(event.at, UTC),
        sender_name=message.name,
        content=content,
        vendor_kind=message.kind,
        quoted_id=message.answers,
        **{"body": "", **facts},
    )


def _nothing(told: dict[str, Any]) -> dict[str, Any]:
    return {}


def _text(told: dict[str, Any]) -> dict[str, Any]:
    return {"body": told["text"]}


def _file(told: dict[str, Any]) -> dict[str, Any]:
    media = sdk.Media(url=told["link"], content_type=told.get("mime"), name=told.get("filename"))
    return {"body": told.get("caption", ""), "media": (media,)}


def _reaction(told: dict[str, Any]) -> dict[str, Any]:
    return {"body": told.get("emoji", "")}


def _pick(told: dict[str, Any]) -> dict[str, Any]:
    return {"body": told["label"], "choice": told["id"]}


def _place(told: dict[str, Any]) -> dict[str, Any]:
    where = f"{told['lat']}, {told['long']}"
    return {"body": f"{told['name']} ({where})" if told.get("name") else where}


def _cards(told: dict[str, Any]) -> dict[str, Any]:
    return {"body": ", ".join(each["name"] for each in told["cards"])}


_Reader = Callable[[dict[str, Any]], dict[str, Any]]
_KINDS: Final[Mapping[str, tuple[sdk.WhatsAppContent, _Reader]]] = {
    "note": (sdk.WhatsAppContent.TEXT, _text),
    "file": (sdk.WhatsAppContent.MEDIA, _file),
    "emoji": (sdk.WhatsAppContent.REACTION, _reaction),
    "pick": (sdk.WhatsAppContent.CHOICE, _pick),
    "place": (sdk.WhatsAppContent.LOCATION, _place),
    "cards": (sdk.WhatsAppContent.CONTACTS, _cards),
}

SPEC: sdk.ProviderSpec[sdk.WhatsAppProvider, Config] = sdk.ProviderSpec(
    name="pharos",
    config=Config,
    open=_opened,
    capabilities=frozenset(
        {
            sdk.Capability.WHATSAPP_SEND,
            sdk.Capability.WHATSAPP_MEDIA,
            sdk.Capability.WHATSAPP_TEMPLATE,
            sdk.Capability.WHATSAPP_BUTTONS,
            sdk.Capability.WHATSAPP_LISTS,
            sdk.Capability.WHATSAPP_RECEIVE,
            sdk.Capability.WHATSAPP_STATUS,
        }
    ),
    failures=_FAILURES,
    webhook=Webhooks(),
)
