"""The hub's WhatsApp suite, filled in for Twilio."""

from dataclasses import replace
from typing import ClassVar, Final

from plugins.twilio.tests.calls_vendor import MEDIA_ANSWERS, MEDIUM
from plugins.twilio.tests.provisioning_vendor import sender
from plugins.twilio.tests.vendor import (
    ANSWERS,
    CONFIG,
    HUB,
    PATH,
    PERSON,
    SENT_AT,
    SID,
    STATUSES,
    message,
    page,
)
from plugins.twilio.tests.whatsapp_forms import MEANS, WEBHOOKS
from trunkline.sdk import (
    Account,
    DeliveryStatus,
    Receipt,
    Rejected,
    Report,
    Template,
    TemplateState,
    WhatsAppContent,
)
from trunkline.testing import BaseMediaConformance, BaseWhatsAppConformance, Canned
from trunkline_twilio.plugin import WHATSAPP

OTHER: Final = f"SM{'2' * 32}"
CONTENTS: Final = "https://content.twilio.com/v1/ContentAndApprovals"


def taken(**changes: object) -> dict[str, object]:
    """Return a WhatsApp message as Twilio shows one."""
    return message(**{"from": f"whatsapp:{HUB}", "to": f"whatsapp:{PERSON}", **changes})


def template(name: str, status: str, digit: str) -> dict[str, object]:
    """Return a template as the list of templates shows one."""
    return {
        "sid": f"HX{digit * 32}",
        "friendly_name": f"Our {name}",
        "language": "pt_BR",
        "variables": {"1": "Ann"},
        "types": {"twilio/text": {"body": "Olá {{1}}, até {{2}}."}},
        "approval_requests": {
            "name": name,
            "category": "UTILITY",
            "content_type": "twilio/text",
            "status": status,
            "rejection_reason": "",
        },
    }


def _templates(*each: dict[str, object], following: str | None = None) -> Canned:
    return Canned(status=200, json={"contents": list(each), "meta": {"next_page_url": following}})


_FOUND: Final = Report(
    provider_id=SID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.SENT,
    vendor_status="queued",
    created_at=SENT_AT,
    body="Héllo, wörld 👋",
    media_count=0,
)


def _template(name: str, state: TemplateState, digit: str) -> Template:
    return Template(
        provider_id=f"HX{digit * 32}",
        name=name,
        language="pt_BR",
        body="Olá {{1}}, até {{2}}.",
        variables=("1", "2"),
        state=state,
        category="utility",
    )


class WhatsAppSuite(BaseMediaConformance, BaseWhatsAppConformance):
    """`spec` may be an adapter with a mistake in it."""

    spec = WHATSAPP
    config = CONFIG
    answers: ClassVar = {
        **ANSWERS,
        **MEDIA_ANSWERS,
        "accepted": Canned(status=201, json=taken()),
        "found": Canned(status=200, json=taken(status="read")),
        "found_unknown_status": Canned(status=200, json=taken(status="pondering")),
        "listed": (
            Canned(status=200, json=page(taken(), next_page_uri=f"{PATH}.json?PageToken=1")),
            Canned(status=200, json=page(taken(sid=OTHER))),
        ),
        "account": Canned(status=200, json={"senders": [sender()], "meta": {}}),
        "templates": (
            _templates(template("reminder", "approved", "1"), following=f"{CONTENTS}?Page=1"),
            _templates(template("odd", "pondering", "2"), template("new", "pending", "3")),
        ),
    }
    webhooks = WEBHOOKS
    means: ClassVar = {
        **MEANS,
        "accepted": Receipt(provider_id=SID),
        "bad_recipient": Rejected("", provider_code="21211"),
        "found": replace(_FOUND, status=DeliveryStatus.READ, vendor_status="read"),
        "listed": [
            _FOUND,
            replace(_FOUND, provider_id=OTHER),
        ],
        "account": Account(),
        "templates": [
            _template("reminder", TemplateState.APPROVED, "1"),
            _template("odd", TemplateState.UNKNOWN, "2"),
            _template("new", TemplateState.PENDING, "3"),
        ],
    }
    statuses = STATUSES
    medium = MEDIUM
    sends_as: ClassVar = {
        "From": "sender",
        "To": "recipient",
        "Body": "body",
        "StatusCallback": "status_url",
        "MediaUrl": "media",
        "ContentSid": "template",
        "ContentVariables": "template_values",
    }
    template_values = ("by_position", "by_name", "many", "none")
    left_out: ClassVar = {
        "quoted_id": "Twilio's API sends no answer to one message in particular",
        "language": "a template's id is of one language",
        WhatsAppContent.CONTACTS: "a card comes as a file, without a word of whose it is",
    }
    signs_url = True
    signature_tolerance_s = None

    def written(self, address: str) -> str:
        return f"whatsapp:{address}"
