"""What to do in a call, as Twilio reads it: TwiML."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from trunkline.sdk import CallStep, Decline, HangUp, Pause, Play, Record
from trunkline_twilio.callbacks import with_retries

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def twiml(steps: Sequence[CallStep]) -> str:
    """Return a document that does them, one after another."""
    response = Element("Response")
    for step in steps:
        _add(response, step)
    return f"{_HEAD}{tostring(response, encoding='unicode')}"


def _add(response: Element, step: CallStep) -> None:
    match step:
        case Play(media=media):
            SubElement(response, "Play").text = media.url
        case Record():
            SubElement(response, "Record", _of_a_recording(step))
        case Pause(duration_s=duration_s):
            SubElement(response, "Pause", length=str(duration_s))
        case HangUp():
            SubElement(response, "Hangup")
        case Decline(busy=busy):
            SubElement(response, "Reject", reason="busy" if busy else "rejected")


def _of_a_recording(step: Record) -> dict[str, str]:
    told: dict[str, str] = {}
    if step.url is not None:
        url = with_retries(step.url)
        # Once it is over Twilio asks `action` what to do next; by default it asks for this document
        # again, and would record for ever. What is said there is no proof that a file is ready.
        told = {
            "action": url,
            "recordingStatusCallback": url,
            "recordingStatusCallbackEvent": "completed absent",
        }
    return {
        **told,
        "maxLength": str(step.max_duration_s),
        "playBeep": str(step.beep).lower(),
        "timeout": str(step.silence_s),
        "trim": "trim-silence",
    }
