"""What Twilio posts of WhatsApp messages, and what it means: forms as its users have shown them."""

from dataclasses import replace
from typing import Final

from plugins.twilio.tests.vendor import (
    ACCOUNT,
    HUB,
    MEDIA_RECEIVED,
    PERSON,
    REPORTED,
    SID,
    STATUS_URL,
    webhook,
)
from trunkline.sdk import (
    DeliveryStatus,
    Media,
    OptOut,
    ReceivedWhatsApp,
    Reported,
    WebhookRequest,
    WhatsAppContent,
)

URL: Final = "https://hub.example/webhooks/agent-1/whatsapp"
USER_ID: Final = "US.13491208655302741918"
PARENT_ID: Final = "US.ENT.11815799212886844830"
QUOTED: Final = f"MM{'4' * 32}"


def sid(digit: str) -> str:
    return f"SM{digit * 32}"


WRITTEN: Final = {
    "SmsMessageSid": sid("9"),
    "NumMedia": "0",
    "ProfileName": "Zoë",
    "MessageType": "text",
    "SmsSid": sid("9"),
    "WaId": PERSON[1:],
    "SmsStatus": "received",
    "Body": "Grüße & more",
    "To": f"whatsapp:{HUB}",
    "NumSegments": "1",
    "ReferralNumMedia": "0",
    "MessageSid": sid("9"),
    "AccountSid": ACCOUNT,
    "ChannelMetadata": '{"type":"whatsapp","data":{"context":{"ProfileName":"Zoë"}}}',
    "From": f"whatsapp:{PERSON}",
    "ApiVersion": "2010-04-01",
}
WRITTEN_BY_ID: Final = {
    **{name: value for name, value in WRITTEN.items() if name != "WaId"},
    "MessageSid": sid("8"),
    "From": f"whatsapp:{USER_ID}",
    "ExternalUserId": USER_ID,
}
PICTURES: Final = {
    **WRITTEN,
    **{name: value for name, value in MEDIA_RECEIVED.items() if name.startswith("Media")},
    "MessageSid": f"MM{'8' * 32}",
    "MessageType": "image",
    "Body": "look",
    "NumMedia": "2",
}
PICKED: Final = {
    **WRITTEN,
    "MessageSid": sid("7"),
    "MessageType": "interactive",
    "Body": "Confirm",
    "ButtonText": "Confirm",
    "ButtonPayload": '{"order": 7}',
    "OriginalRepliedMessageSender": f"whatsapp:{HUB}",
    "OriginalRepliedMessageSid": QUOTED,
    "ExternalUserId": f"whatsapp:{USER_ID}",
}
PLACE: Final = {
    **WRITTEN,
    "MessageSid": sid("6"),
    "MessageType": "location",
    "Body": "",
    "Latitude": "37.7955",
    "Longitude": "-122.3937",
    "Label": "Ferry Building",
    "Address": "1 Ferry Building, San Francisco",
}
REACTED: Final = {
    **WRITTEN,
    "MessageSid": sid("5"),
    "MessageType": "reaction",
    "Body": "👍",
    "OriginalRepliedMessageSid": QUOTED,
}
ODD: Final = {**WRITTEN, "MessageSid": sid("4"), "MessageType": "order", "Body": ""}
POLL: Final = {**WRITTEN, "MessageSid": sid("2"), "MessageType": "poll", "Body": "Colour?"}
FORM: Final = {
    **WRITTEN,
    "MessageSid": sid("1"),
    "MessageType": "interactive",
    "Body": "",
    "InteractiveData": '{"type":"nfm_reply","body":"Sent","response_json":'
    '"{\\"name\\":\\"Zoë\\",\\"seats\\":2}"}',
}
STATUS: Final = {
    **REPORTED,
    "From": f"whatsapp:{HUB}",
    "To": f"whatsapp:{PERSON}",
    "ChannelPrefix": "whatsapp",
    "ChannelInstallSid": f"XE{'0' * 32}",
}


def told(status: str, **more: str) -> WebhookRequest:
    """Return a status callback."""
    fields = {**STATUS, "MessageStatus": status, "SmsStatus": status, **more}
    return webhook(fields, STATUS_URL)


WEBHOOKS: Final = {
    "whatsapp_received": webhook(WRITTEN, URL),
    "written_by_id": webhook(WRITTEN_BY_ID, URL),
    "pictures": webhook(PICTURES, URL),
    "picked": webhook(PICKED, URL),
    "place": webhook(PLACE, URL),
    "reacted": webhook(REACTED, URL),
    "odd": webhook(ODD, URL),
    "poll": webhook(POLL, URL),
    "form": webhook(FORM, URL),
    "opted_out": webhook({**WRITTEN, "MessageSid": sid("3"), "OptOutType": "STOP"}, URL),
    "status_reported": told("delivered"),
    "read": told("read", EventType="READ", To=f"whatsapp:{USER_ID}", ExternalUserId=USER_ID),
    "unknown_status": told("pondering"),
    "window_closed": told("undelivered", ErrorCode="63016", ChannelStatusMessage="Re-engagement"),
}

_TEXT: Final = ReceivedWhatsApp(
    external_id=f"{sid('9')}:received",
    provider_id=sid("9"),
    sender=PERSON,
    sender_name="Zoë",
    recipient=HUB,
    body="Grüße & more",
    vendor_kind="text",
)


def _as(message_sid: str, **changes: object) -> ReceivedWhatsApp:
    event = replace(_TEXT, external_id=f"{message_sid}:received", provider_id=message_sid)
    return replace(event, **changes)  # type: ignore[arg-type]


def _reported(status: str, means: DeliveryStatus | None, code: str | None = None) -> Reported:
    return Reported(
        external_id=f"{SID}:{status}",
        provider_id=SID,
        sender=HUB,
        status=means,
        vendor_status=status,
        error_code=code,
    )


MEANS: Final = {
    "whatsapp_received": [_TEXT],
    "written_by_id": [_as(sid("8"), sender=USER_ID, sender_id=USER_ID)],
    "pictures": [
        _as(
            PICTURES["MessageSid"],
            body="look",
            content=WhatsAppContent.MEDIA,
            vendor_kind="image",
            media=(
                Media(url=PICTURES["MediaUrl0"], content_type="image/jpeg"),
                Media(url=PICTURES["MediaUrl1"], content_type="image/png"),
            ),
        )
    ],
    "picked": [
        _as(
            sid("7"),
            body="Confirm",
            content=WhatsAppContent.CHOICE,
            vendor_kind="interactive",
            choice='{"order": 7}',
            quoted_id=QUOTED,
            sender_id=USER_ID,
        )
    ],
    "place": [
        _as(
            sid("6"),
            body="Ferry Building, 1 Ferry Building, San Francisco (37.7955, -122.3937)",
            content=WhatsAppContent.LOCATION,
            vendor_kind="location",
        )
    ],
    "reacted": [
        _as(
            sid("5"),
            body="👍",
            content=WhatsAppContent.REACTION,
            vendor_kind="reaction",
            quoted_id=QUOTED,
        )
    ],
    "odd": [_as(sid("4"), body="", content=WhatsAppContent.ORDER, vendor_kind="order")],
    "poll": [_as(sid("2"), body="Colour?", content=WhatsAppContent.OTHER, vendor_kind="poll")],
    "form": [
        _as(
            sid("1"),
            body="name: Zoë\nseats: 2",
            content=WhatsAppContent.FORM,
            vendor_kind="interactive",
        )
    ],
    "opted_out": [_as(sid("3"), opt_out=OptOut.STOP)],
    "status_reported": [_reported("delivered", DeliveryStatus.DELIVERED)],
    "read": [_reported("read", DeliveryStatus.READ)],
    "unknown_status": [_reported("pondering", None)],
    "window_closed": [_reported("undelivered", DeliveryStatus.FAILED, "63016")],
}
"""What the webhooks above tell."""
