"""ElevenLabs by its manual: what it answers, and what that means."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from trunkline.sdk import (
    Account,
    AudioFormat,
    AuthFailed,
    Billed,
    NotSetUp,
    OutOfCredit,
    Quota,
    Rejected,
    RetryLater,
    Voice,
)
from trunkline.testing import Canned, sound_of

KEY: Final = "sk_0123456789abcdef0123456789abcdef0123456789abcdef"
CONFIG: Final = {"api_key": KEY}
GEORGE: Final = "JBFqnCBsd6RMkjVDRZzb"
RACHEL: Final = "21m00Tcm4TlvDq8ikWAM"
CONTENT_TYPES: Final = {
    AudioFormat.MULAW_8000: "audio/basic",
    AudioFormat.PCM_16000: "audio/pcm",
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.OGG_OPUS: "audio/opus",
}


def sound(audio_format: AudioFormat) -> Canned:
    """Return a sound as ElevenLabs gives it."""
    headers = {
        "content-type": CONTENT_TYPES[audio_format],
        "character-cost": "33",
        "request-id": "0ZQ7hYCtmL9bTW5ZVRmB",
    }
    return Canned(status=200, content=sound_of(audio_format), headers=headers)


def refusal(status: int, code: str, **headers: str) -> Canned:
    """Return a refusal of the older form, whose message quotes the text."""
    message = f"{code}: 'Héllo, Ann. Your table is ready.' with {KEY}"
    detail = {"status": code, "message": message}
    return Canned(status=status, json={"detail": detail}, headers=headers)


def refusal_of_now(status: int, kind: str, code: str, old: str | None = None) -> Canned:
    """Return a refusal of the form that ElevenLabs' pages of 2026 show."""
    detail = {"type": kind, "code": code, "message": "It was refused.", "status": old or code}
    return Canned(status=status, json={"detail": {**detail, "request_id": "3c80", "param": None}})


def speaker(voice_id: str, name: str, *languages: Mapping[str, str]) -> dict[str, Any]:
    """Return a voice with what else ElevenLabs tells of one."""
    return {
        "voice_id": voice_id,
        "name": name,
        "category": "premade",
        "labels": {"accent": "british", "gender": "male"},
        "description": None,
        "available_for_tiers": [],
        "high_quality_base_model_ids": ["eleven_multilingual_v2"],
        "verified_languages": [
            {"model_id": "eleven_multilingual_v2", "accent": None, **each} for each in languages
        ]
        or None,
    }


def page(*voices: Mapping[str, Any], token: str | None = None) -> Canned:
    """Return a page of voices, the last unless there is a token."""
    body = {"voices": voices, "has_more": token is not None, "total_count": 3}
    return Canned(status=200, json={**body, "next_page_token": token})


def subscription(used: int = 1_200, /, **changes: object) -> Canned:
    """Return what a workspace pays for."""
    body = {
        "tier": "creator",
        "character_count": used,
        "character_limit": 100_000,
        "max_character_limit_extension": None,
        "next_character_count_reset_unix": 1_769_904_000,
        "status": "active",
        "has_open_invoices": False,
    }
    return Canned(status=200, json={**body, **changes})


INVALID: Final = Canned(
    status=422,
    json={
        "detail": [
            {"loc": ["body", "text"], "msg": "Field required", "type": "value_error.missing"}
        ]
    },
)
ANSWERS: Final[Mapping[str, Canned | Sequence[Canned]]] = {
    **{str(each): sound(each) for each in CONTENT_TYPES},
    "rate_limited": refusal(429, "too_many_concurrent_requests", **{"Retry-After": "7"}),
    "busy": refusal(429, "system_busy"),
    "unknown_voice": refusal(400, "voice_not_found"),
    "unknown_voice_of_now": refusal_of_now(404, "not_found", "voice_not_found"),
    "too_long": refusal(400, "max_character_limit_exceeded"),
    "bad_credentials": refusal(401, "invalid_api_key"),
    "narrow_key": refusal(401, "missing_permissions"),
    "out_of_credit": refusal(401, "quota_exceeded"),
    "out_of_credit_of_now": refusal_of_now(402, "payment_required", "paid", "quota_exceeded"),
    "small_plan": refusal(403, "only_for_creator+"),
    "unusual": refusal(401, "detected_unusual_activity"),
    "invalid": INVALID,
    "server_error": Canned(status=500, content=b"Internal Server Error"),
    "voices": (
        page(speaker(GEORGE, "George", {"language": "en", "locale": "en-GB"}), token="t1"),
        page(
            speaker(GEORGE, "George", {"language": "en", "locale": "en-GB"}),
            speaker(RACHEL, "Rachel", {"language": "en"}, {"language": "de", "locale": "de-DE"}),
            token="t2",
        ),
        page(speaker("clonedVoice000000001", "Me")),
    ),
    "quota": subscription(),
    "account": subscription(has_open_invoices=True),
}
MEANS: Final = {
    "rate_limited": RetryLater("", provider_code="too_many_concurrent_requests"),
    "busy": RetryLater("", provider_code="system_busy"),
    "unknown_voice": Rejected("", provider_code="voice_not_found"),
    "unknown_voice_of_now": Rejected("", provider_code="voice_not_found"),
    "too_long": Rejected("", provider_code="max_character_limit_exceeded"),
    "bad_credentials": AuthFailed("", provider_code="invalid_api_key"),
    "narrow_key": AuthFailed("", provider_code="missing_permissions"),
    "out_of_credit": OutOfCredit("", provider_code="quota_exceeded"),
    "out_of_credit_of_now": OutOfCredit("", provider_code="quota_exceeded"),
    "small_plan": NotSetUp("", provider_code="only_for_creator+"),
    "unusual": NotSetUp("", provider_code="detected_unusual_activity"),
    "invalid": Rejected(""),
    "billed": Billed(units=33),
    "voices": [
        Voice(id=GEORGE, name="George", languages=("en-GB",)),
        Voice(id=RACHEL, name="Rachel", languages=("en", "de-DE")),
        Voice(id="clonedVoice000000001", name="Me"),
    ],
    "quota": Quota(used=1_200, limit=100_000, resets_at=datetime(2026, 2, 1, tzinfo=UTC)),
    "account": Account(
        name="creator",
        notes=("An invoice is open: pay it at elevenlabs.io/app/subscription.",),
    ),
}
