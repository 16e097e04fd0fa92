"""The hub's WhatsApp suite, and what of it GREEN-API cannot keep."""

from typing import ClassVar, Final

from plugins.greenapi.tests.double import SETTINGS, journaled, queued, refusal_body
from plugins.greenapi.tests.notifications import EVENTS, PLACED, TOLD
from plugins.greenapi.tests.senders_suite import SendersSuite
from plugins.greenapi.tests.vendor import CHAT, CONFIG, HUB, ID, MESSAGE, PERSON, SENT_AT, webhook
from trunkline.sdk import (
    Account,
    AuthFailed,
    DeliveryStatus,
    NotSetUp,
    OutcomeUnknown,
    Receipt,
    Rejected,
    Report,
    RetryLater,
)
from trunkline.testing import BaseMediaConformance, BaseWhatsAppConformance, Canned
from trunkline_greenapi.plugin import GREENAPI
from trunkline_greenapi.statuses import STATUSES
from trunkline_greenapi.whatsapp import WARNING


def _refused(status: int, message: str) -> Canned:
    path = f"/waInstance{CONFIG['id_instance']}/sendMessage/{CONFIG['api_token']}"
    return Canned(status=status, json=refusal_body(status, message, path)[1])


_FOUND: Final = Report(
    provider_id=ID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.DELIVERED,
    vendor_status="delivered",
    created_at=SENT_AT,
    body=MESSAGE.body,
    media_count=0,
)
_OF_ID: Final = "GREEN-API is asked for its journal, not for one message: it wants no id"
_EMPTY: Final = "an empty list is GREEN-API's word for none"


class GreenApiSuite(SendersSuite, BaseMediaConformance, BaseWhatsAppConformance):
    """The suite; `spec` may be an adapter with a mistake in it."""

    spec = GREENAPI
    config = CONFIG
    signs_body = False
    signs_url = True
    signature_tolerance_s = None
    takes_status_url = False
    statuses = STATUSES
    sends_as: ClassVar = {
        "chatId": "recipient",
        "message": "body",
        "caption": "body",
        "urlFile": "media",
        "fileName": "media_name",
        "quotedMessageId": "quoted_id",
        "body": "body",
        "buttonId": "choice_id",
        "buttonText": "choice_label",
    }
    left_out: ClassVar = {
        "sender": "an instance is one number",
        "quoted_choices": "the method for buttons takes no quotedMessageId",
        "window": "a linked phone may write at any time",
        "person_id": "GREEN-API knows no business-scoped ids",
    }
    medium = PLACED
    answers: ClassVar = {
        "media": (
            Canned(status=403, content=b"<Error><Code>AccessDenied</Code></Error>"),
            Canned(status=200, json={"downloadUrl": "https://sw-media.example/again/5005fe15.jpg"}),
            Canned(status=200, headers={"content-type": "image/jpeg"}),
        ),
        "media_gone": (
            Canned(status=404),
            Canned(
                status=400,
                content=f"File message encrypted url not found by chatId {CHAT} and idMessage "
                f"{ID}".encode(),
            ),
        ),
        "accepted": Canned(status=200, json={"idMessage": ID}),
        "rate_limited": _refused(429, f"Too Many Requests to {CHAT}"),
        "bad_recipient": _refused(400, f"Validation failed. Details: 'chatId' {CHAT}"),
        "bad_credentials": _refused(401, "Unauthorized"),
        "server_error": _refused(502, f"Bad Gateway {CHAT}"),
        "not_linked": _refused(400, "instance account not authorized"),
        "quota": _refused(466, "correspondentsStatus"),
        "found": Canned(status=200, json=[journaled(MESSAGE.body)]),
        "found_unknown_status": Canned(
            status=200, json=[journaled(MESSAGE.body, statusMessage="pondering")]
        ),
        "not_found": Canned(status=200, content=b"[]"),
        "listed": (
            Canned(status=200, json=[queued("another's", "14155550177@c.us", "Q1")]),
            Canned(status=200, json=[journaled(MESSAGE.body), journaled("x", idMessage="J2")]),
        ),
        "account": Canned(status=200, json={"stateInstance": "authorized", **SETTINGS}),
    }
    webhooks: ClassVar = {name: webhook(told) for name, told in TOLD.items()}
    means: ClassVar = {
        "accepted": Receipt(provider_id=ID),
        "rate_limited": RetryLater("", provider_code="429"),
        "bad_recipient": Rejected("", provider_code="400"),
        "bad_credentials": AuthFailed("", provider_code="401"),
        "server_error": OutcomeUnknown("", provider_code="502"),
        "not_linked": NotSetUp("", provider_code="400"),
        "quota": NotSetUp("", provider_code="466"),
        "found": _FOUND,
        "listed": [
            _FOUND,
            Report(
                provider_id="J2",
                sender=HUB,
                recipient=PERSON,
                status=DeliveryStatus.DELIVERED,
                vendor_status="delivered",
                created_at=SENT_AT,
                body="x",
                media_count=0,
            ),
        ],
        "account": Account(notes=(WARNING,)),
        **EVENTS,
    }
    known_gaps: ClassVar = {
        "test_no_credentials_stand_in_a_url": "GREEN-API takes its token in the path alone",
        "test_every_letter_of_what_an_operator_fills_in_counts": (
            "from another phone_number nothing is sent at all"
        ),
        "test_a_text_that_was_taken_is_found[fetch]": _OF_ID,
        "test_a_text_is_looked_up_by_the_whole_of_what_names_it": _OF_ID,
        "test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent[[]-fetch]": _EMPTY,
        "test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent[[]-list]": _EMPTY,
    }

    def written(self, address: str) -> str:
        return f"{address.removeprefix('+')}@c.us" if address.startswith("+") else address
