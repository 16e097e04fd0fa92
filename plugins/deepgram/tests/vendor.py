"""Deepgram by its specifications: what it answers, and what it says on a stream."""

import json
from collections.abc import Mapping
from typing import Any, Final

from trunkline.sdk import Account, Billed, Recognised, Rejected, Transcript
from trunkline.testing import Canned, Live

CONFIG: Final = {"api_key": "4f1c0e5b7a9d3826e0b4c1d7f8a2936514cafe07"}
SAID: Final = "Please call me back on Monday."
PROJECT: Final = "8124f259-ee55-4829-bc45-6babfaf83f23"


def transcribed(transcript: str, confidence: float, **channel: str) -> Canned:
    """Return the answer to a recording."""
    return Canned(
        status=200,
        json={
            "metadata": {
                "transaction_key": "deprecated",
                "request_id": "a847f427-4ad5-4d67-9b95-db801e58251c",
                "sha256": "154e291ecfa8be6ab8343560bcc109008fa7853eb5372533e8efdefc9b504c33",
                "created": "2026-01-15T12:00:00.000Z",
                "duration": 2.933313,
                "channels": 1,
                "models": ["96a295ec-6336-43d5-b1cb-1e48b5e6d9a4"],
                "model_info": {},
            },
            "results": {
                "channels": [
                    {
                        "alternatives": [
                            {"transcript": transcript, "confidence": confidence, "words": []}
                        ],
                        **channel,
                    }
                ]
            },
        },
    )


def refusal(status: int, code: str, **headers: str) -> Canned:
    """Return a refusal in the older form, whose message quotes what was asked."""
    told = {
        "err_code": code,
        "err_msg": f"{code}: keyterm 'Dr. Müller & Söhne', key {CONFIG['api_key']}",
        "request_id": "d89b7d5e-4f3f-4a5e-9c68-1f0a0ab2f5d1",
    }
    return Canned(status=status, json=told, headers=headers)


ANSWERS: Final[Mapping[str, Any]] = {
    "transcribed": transcribed(SAID, 0.98, detected_language="en"),
    "nothing_said": transcribed("", 0.0),
    "unreadable": refusal(400, "Bad Request"),
    "modern": Canned(
        status=400,
        json={
            "category": "INVALID_QUERY_PARAMETER",
            "message": "Failed to deserialize query parameters.",
            "details": "keyterm: Dr. Müller & Söhne",
            "request_id": "d89b7d5e-4f3f-4a5e-9c68-1f0a0ab2f5d1",
        },
    ),
    "quoting": refusal(400, "Unknown keyterm: Dr. Müller & Söhne"),
    "plain": Canned(status=400, content=b"Bad Request: Dr. M\xc3\xbcller & S\xc3\xb6hne"),
    "rate_limited": refusal(429, "TOO_MANY_REQUESTS", **{"Retry-After": "7"}),
    "bad_credentials": refusal(401, "INVALID_AUTH"),
    "out_of_credit": refusal(402, "ASR_PAYMENT_REQUIRED"),
    "server_error": refusal(503, "SERVICE_UNAVAILABLE"),
    "account": (
        Canned(status=200, json={"projects": [{"project_id": PROJECT, "name": "Ann's shop"}]}),
        Canned(
            status=200,
            json={
                "balances": [
                    {"balance_id": "b1", "amount": 150.25, "units": "usd"},
                    {"balance_id": "b2", "amount": 7.0, "units": "hour"},
                ]
            },
        ),
    ),
}


def results(
    transcript: str,
    start: float,
    duration: float,
    *,
    is_final: bool = True,
    speech_final: bool = False,
) -> str:
    """Return a stretch of a stream as Deepgram sends it."""
    return json.dumps(
        {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": duration,
            "start": start,
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": False,
            "channel": {
                "alternatives": [
                    {
                        "transcript": transcript,
                        "confidence": 0.9 if transcript else 0.0,
                        "words": [],
                    }
                ]
            },
            "metadata": {
                "request_id": "a847f427-4ad5-4d67-9b95-db801e58251c",
                "model_info": {"name": "general-nova-3", "version": "2026-01", "arch": "nova-3"},
                "model_uuid": "96a295ec-6336-43d5-b1cb-1e48b5e6d9a4",
            },
        }
    )


METADATA: Final = json.dumps(
    {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": "a847f427-4ad5-4d67-9b95-db801e58251c",
        "sha256": "154e291ecfa8be6ab8343560bcc109008fa7853eb5372533e8efdefc9b504c33",
        "created": "2026-01-15T12:00:00.000Z",
        "duration": 6.0,
        "channels": 1,
    }
)
STARTED: Final = '{"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.1}'
ENDED: Final = '{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 5.5}'
LIVE: Final = {
    "heard": Live(
        says=[
            STARTED,
            results("", 0.0, 0.5, is_final=False),
            results("I am", 0.0, 1.0, is_final=False),
            results("I am calling", 0.0, 1.5, is_final=False),
            results("I am calling about", 0.0, 1.8),
            results("", 1.8, 0.4, is_final=False),
            results("the invoice.", 1.8, 1.2, speech_final=True),
            results("", 3.0, 1.0),
        ],
        ends=[results("Thank you.", 4.0, 1.5), ENDED, METADATA],
    ),
    "taken_back": Live(
        says=[
            results("hm", 0.0, 0.5, is_final=False),
            results("", 0.0, 0.8),
            results("", 0.8, 1.0, speech_final=True),
            ENDED,
        ],
        ends=[METADATA],
    ),
}


def stretch(
    text: str,
    start_s: float,
    duration_s: float,
    *,
    is_final: bool = True,
    ends_turn: bool = False,
) -> Recognised:
    return Recognised(
        text=text,
        is_final=is_final,
        ends_turn=ends_turn,
        start_s=start_s,
        duration_s=duration_s,
        confidence=0.9 if text else 0.0,
    )


MEANS: Final = {
    "transcribed": Transcript(
        text=SAID, confidence=0.98, language="en", duration_s=2.933313, billed=Billed(units=3)
    ),
    "nothing_said": Transcript(
        text="", confidence=0.0, duration_s=2.933313, billed=Billed(units=3)
    ),
    "unreadable": Rejected("", provider_code="Bad Request"),
    "modern": Rejected("", provider_code="INVALID_QUERY_PARAMETER"),
    "quoting": Rejected(""),
    "plain": Rejected(""),
    "account": Account(name="Ann's shop", balance_micros=150_250_000, currency="USD"),
    "heard": [
        stretch("I am", 0.0, 1.0, is_final=False),
        stretch("I am calling", 0.0, 1.5, is_final=False),
        stretch("I am calling about", 0.0, 1.8),
        stretch("the invoice.", 1.8, 1.2, ends_turn=True),
        stretch("Thank you.", 4.0, 1.5),
        Recognised(text="", is_final=True, ends_turn=True, start_s=5.5, duration_s=0.0),
    ],
    "taken_back": [
        stretch("hm", 0.0, 0.5, is_final=False),
        stretch("", 0.0, 0.8),
        stretch("", 0.8, 1.0, ends_turn=True),
    ],
}
SENDS_AS: Final = {"language": "language", "keyterm": "phrases"}
