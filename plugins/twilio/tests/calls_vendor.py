"""Twilio's calls, recordings and files as its documentation describes them."""

from dataclasses import replace
from typing import Any, Final

from plugins.twilio.tests.vendor import (
    ACCOUNT,
    HUB,
    PATH,
    PERSON,
    SENT_AT,
    refusal,
    webhook,
)
from trunkline.sdk import (
    AnsweredBy,
    CallReport,
    CallReported,
    CallStatus,
    DeliveryStatus,
    Media,
    OutOfCredit,
    Receipt,
    ReceivedCall,
    Recorded,
    Rejected,
    WebhookReply,
    WebhookRequest,
)
from trunkline.testing import Canned
from trunkline.testing.call_webhooks import RECORDING_URL, SOUND

CALL_SID: Final = f"CA{'1' * 32}"
OTHER_CALL: Final = f"CA{'2' * 32}"
RECORDING_SID: Final = f"RE{'1' * 32}"
CALLS: Final = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
RECORDING: Final = (
    f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING_SID}"
)
MEDIUM: Final = Media(
    url=f"https://api.twilio.com{PATH}/MM{'8' * 32}/Media/ME{'1' * 32}", content_type="image/jpeg"
)


# --- answers --------------------------------------------------------------------------------------


def call(**changes: object) -> dict[str, Any]:
    """Return a call as Twilio's specification shows one; its `from` is given as `sender`."""
    shown: dict[str, Any] = {
        "sid": CALL_SID,
        "date_created": "Thu, 15 Jan 2026 12:00:00 +0000",
        "date_updated": "Thu, 15 Jan 2026 12:00:00 +0000",
        "parent_call_sid": None,
        "account_sid": ACCOUNT,
        "to": PERSON,
        "from": HUB,
        "phone_number_sid": f"PN{'1' * 32}",
        "status": "queued",
        "start_time": None,
        "end_time": None,
        "duration": None,
        "price": None,
        "price_unit": "USD",
        "direction": "outbound-api",
        "answered_by": None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "queue_time": "0",
        "uri": f"{CALLS}/{CALL_SID}.json",
    }
    return {**shown, **changes}


def calls_page(*calls: dict[str, Any], next_page_uri: str | None = None) -> Canned:
    """Return a page of the list of calls."""
    return Canned(status=200, json={"calls": list(calls), "next_page_uri": next_page_uri})


GONE: Final = Canned(
    status=404,
    content=b"<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException>"
    b"<Code>20404</Code><Message>The requested resource was not found</Message>"
    b"<MoreInfo>https://www.twilio.com/docs/errors/20404</MoreInfo><Status>404</Status>"
    b"</RestException></TwilioResponse>",
    headers={"content-type": "application/xml"},
)
MEDIA_ANSWERS: Final = {
    "media": (
        Canned(status=307, headers={"location": "https://mms.s3.example/7?signed=1"}),
        Canned(status=200, headers={"content-type": "image/jpeg"}),
    ),
    "media_gone": GONE,
    "media_deleted": Canned(status=204),
    "media_absent": refusal(404, 20404),
}
CALL_ANSWERS: Final[dict[str, Any]] = {
    "call_accepted": Canned(status=201, json=call()),
    "call_bad_recipient": refusal(400, 21217),
    "call_out_of_credit": refusal(403, 20005),
    "call_found": Canned(
        status=200,
        json=call(
            status="completed",
            duration="21",
            price="-0.01400",
            answered_by="machine_end_beep",
            start_time="Thu, 15 Jan 2026 12:00:01 +0000",
        ),
    ),
    "call_found_unknown_status": Canned(status=200, json=call(status="pondering")),
    "call_not_found": refusal(404, 20404),
    "calls_listed": (
        calls_page(call(), next_page_uri=f"{CALLS}.json?PageToken=1"),
        calls_page(call(sid=OTHER_CALL, status="no-answer")),
    ),
    "call_ended": Canned(status=200, json=call(status="in-progress")),
    "call_over": refusal(400, 21220),
}
CALLS_AS: Final = {
    "From": "sender",
    "To": "recipient",
    "StatusCallback": "status_url",
    "Timeout": "ring_s",
    "TimeLimit": "max_duration_s",
}


# --- webhooks -------------------------------------------------------------------------------------

CALLED: Final = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": f"CA{'9' * 32}",
    "CallStatus": "ringing",
    "Called": HUB,
    "CalledCountry": "US",
    "Caller": PERSON,
    "Direction": "inbound",
    "From": PERSON,
    "FromCity": "SAN FRANCISCO",
    "To": HUB,
}
CALL_REPORTED: Final = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallDuration": "21",
    "CallSid": CALL_SID,
    "CallStatus": "completed",
    "CallbackSource": "call-progress-events",
    "Called": PERSON,
    "Caller": HUB,
    "Direction": "outbound-api",
    "Duration": "1",
    "From": HUB,
    "SequenceNumber": "3",
    "SipResponseCode": "200",
    "Timestamp": "Thu, 15 Jan 2026 12:00:00 +0000",
    "To": PERSON,
}
RECORDED: Final = {
    "AccountSid": ACCOUNT,
    "CallSid": CALL_SID,
    "ErrorCode": "0",
    "RecordingChannels": "1",
    "RecordingDuration": "6",
    "RecordingSid": RECORDING_SID,
    "RecordingSource": "RecordVerb",
    "RecordingStartTime": "Thu, 15 Jan 2026 12:00:00 +0000",
    "RecordingStatus": "completed",
    "RecordingUrl": RECORDING,
}
CALL_URL: Final = "https://hub.example/webhooks/agent-1/call-status?attempt=att_0199c2a0"
VOICE_URL: Final = "https://hub.example/webhooks/agent-1/voice"


def call_report(status: str, **more: str) -> WebhookRequest:
    """Return a status callback of a call."""
    return webhook({**CALL_REPORTED, "CallStatus": status, **more}, CALL_URL)


def recording(status: str, **more: str) -> WebhookRequest:
    """Return a callback of a recording."""
    return webhook({**RECORDED, "RecordingStatus": status, **more}, RECORDING_URL)


CALL_WEBHOOKS: Final = {
    "call_received": webhook(CALLED, VOICE_URL),
    "call_withheld": webhook(
        {**CALLED, "CallSid": f"CA{'8' * 32}", "From": "+266696687"}, VOICE_URL
    ),
    "call_reported": call_report("completed"),
    "unknown_call_status": call_report("pondering"),
    "machine_answered": call_report(
        "completed", CallSid=f"CA{'7' * 32}", AnsweredBy="machine_end_beep"
    ),
    "nobody_answered": webhook(
        {
            name: value
            for name, value in {**CALL_REPORTED, "CallStatus": "no-answer"}.items()
            if "Duration" not in name
        },
        CALL_URL,
    ),
    "recording_ready": recording("completed"),
    "recording_absent": recording("absent", RecordingSid=f"RE{'2' * 32}", RecordingDuration="-1"),
    "recording_failed": recording("failed", RecordingSid=f"RE{'3' * 32}"),
    "what_now": webhook(
        {
            **{name: value for name, value in RECORDED.items() if name != "RecordingStatus"},
            "CallStatus": "in-progress",
            "Digits": "hangup",
            "From": HUB,
            "To": PERSON,
        },
        RECORDING_URL,
    ),
}


# --- what they mean -------------------------------------------------------------------------------

CALL_STATUSES: Final = {
    "queued": CallStatus.QUEUED,
    "initiated": CallStatus.INITIATED,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.IN_PROGRESS,
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
_FOUND: Final = CallReport(
    provider_id=CALL_SID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.SENT,
    vendor_status="queued",
    call_status=CallStatus.QUEUED,
    created_at=SENT_AT,
)
_REPORTED: Final = CallReported(
    external_id=f"{CALL_SID}-completed",
    provider_id=CALL_SID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.DELIVERED,
    call_status=CallStatus.COMPLETED,
    vendor_status="completed",
    duration_s=21,
    occurred_at=SENT_AT,
)
_RECORDED: Final = Recorded(
    external_id=f"{RECORDING_SID}-completed",
    provider_id=RECORDING_SID,
    call_id=CALL_SID,
    media=Media(url=RECORDING, content_type="audio/wav"),
    duration_s=6,
)
_CALLED: Final = ReceivedCall(
    external_id=f"{CALLED['CallSid']}-received",
    provider_id=CALLED["CallSid"],
    sender=PERSON,
    recipient=HUB,
)


def _without_a_file(digit: str, status: str) -> list[Recorded]:
    sid = f"RE{digit * 32}"
    return [
        replace(
            _RECORDED, external_id=f"{sid}-{status}", provider_id=sid, media=None, duration_s=None
        )
    ]


CALL_MEANS: Final = {
    "call_accepted": Receipt(provider_id=CALL_SID),
    "call_bad_recipient": Rejected("", provider_code="21217"),
    "call_out_of_credit": OutOfCredit("", provider_code="20005"),
    "call_found": replace(
        _FOUND,
        status=DeliveryStatus.DELIVERED,
        vendor_status="completed",
        call_status=CallStatus.COMPLETED,
        duration_s=21,
        answered_by=AnsweredBy.MACHINE,
        found_out_s=4,
        cost_micros=14_000,
        currency="USD",
    ),
    "calls_listed": [
        _FOUND,
        replace(
            _FOUND,
            provider_id=OTHER_CALL,
            status=DeliveryStatus.FAILED,
            vendor_status="no-answer",
            call_status=CallStatus.NO_ANSWER,
        ),
    ],
    "call_received": [_CALLED],
    "call_withheld": [
        replace(
            _CALLED,
            external_id=f"CA{'8' * 32}-received",
            provider_id=f"CA{'8' * 32}",
            sender="anonymous",
        )
    ],
    "call_reported": [_REPORTED],
    "unknown_call_status": [
        replace(
            _REPORTED,
            external_id=f"{CALL_SID}-pondering",
            status=None,
            call_status=None,
            vendor_status="pondering",
        )
    ],
    "machine_answered": [
        replace(
            _REPORTED,
            external_id=f"CA{'7' * 32}-completed",
            provider_id=f"CA{'7' * 32}",
            answered_by=AnsweredBy.MACHINE,
            found_out_s=4,
        )
    ],
    "nobody_answered": [
        replace(
            _REPORTED,
            external_id=f"{CALL_SID}-no-answer",
            status=DeliveryStatus.FAILED,
            call_status=CallStatus.NO_ANSWER,
            vendor_status="no-answer",
            duration_s=None,
        )
    ],
    "recording_ready": [_RECORDED],
    "recording_absent": _without_a_file("2", "absent"),
    "recording_failed": _without_a_file("3", "failed"),
    "what_now": [],
}

_SOUND: Final = SOUND.replace("&", "&amp;")
_TOLD: Final = f"{RECORDING_URL}#rc=5&rp=ct,rt,5xx".replace("&", "&amp;")


def _twiml(steps: str) -> WebhookReply:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{steps}</Response>'
    return WebhookReply(status=200, content_type="text/xml", body=body.encode())


def _record(length: int, silence: int, beep: str) -> str:
    return (
        f'<Record action="{_TOLD}" maxLength="{length}" timeout="{silence}" playBeep="{beep}" '
        f'trim="trim-silence" recordingStatusCallback="{_TOLD}" '
        'recordingStatusCallbackEvent="completed absent"/>'
    )


RENDERED: Final = {
    "play": _twiml(f"<Play>{_SOUND}</Play>"),
    "record": _twiml(_record(90, 4, "true")),
    "record_without_a_tone": _twiml(_record(120, 5, "false")),
    "pause": _twiml('<Pause length="3"/>'),
    "hang_up": _twiml("<Hangup/>"),
    "decline": _twiml('<Reject reason="rejected"/>'),
    "decline_as_busy": _twiml('<Reject reason="busy"/>'),
    "greeting": _twiml(
        f'<Pause length="1"/><Play>{_SOUND}</Play>{_record(120, 5, "true")}<Hangup/>'
    ),
}
