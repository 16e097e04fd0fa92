"""What every adapter must make of what a vendor tells and asks of calls, whoever wrote it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar, Final
from xml.etree.ElementTree import ParseError, canonicalize

import pytest

from trunkline.sdk import (
    CallReported,
    CallStatus,
    CallStep,
    Capability,
    Decline,
    HangUp,
    InboundEvent,
    Media,
    Pause,
    Play,
    ReceivedCall,
    Record,
    Recorded,
    WebhookReply,
)
from trunkline.testing.telephony import BaseTelephonyConformance
from trunkline.testing.webhooks import said_instead

SOUND: Final = "https://hub.example/media/0199c2a0.wav?until=1768478400&signed=a%2Bb"
RECORDING_URL: Final = "https://hub.example/webhooks/agent-1/recording?attempt=att_0199c2a0&of=1"
STEPS: Final[Mapping[str, tuple[CallStep, ...]]] = {
    "play": (Play(media=Media(url=SOUND, content_type="audio/wav")),),
    "record": (Record(url=RECORDING_URL, max_duration_s=90, silence_s=4),),
    "record_without_a_tone": (Record(url=RECORDING_URL, beep=False),),
    "pause": (Pause(duration_s=3),),
    "hang_up": (HangUp(),),
    "decline": (Decline(),),
    "decline_as_busy": (Decline(busy=True),),
    "greeting": (
        Pause(duration_s=1),
        Play(media=Media(url=SOUND, content_type="audio/wav")),
        Record(url=RECORDING_URL),
        HangUp(),
    ),
}
"""What `WebhookAdapter.render` is asked for."""
_NEEDED: Final[Mapping[str, tuple[str, type[InboundEvent]]]] = {
    "call_received": (Capability.CALL_RECEIVE, ReceivedCall),
    "call_reported": (Capability.CALL_STATUS, CallReported),
    "unknown_call_status": (Capability.CALL_STATUS, CallReported),
    "recording_ready": (Capability.CALL_RECORD, Recorded),
    "recording_absent": (Capability.CALL_RECORD, Recorded),
}


class BaseCallWebhookConformance(BaseTelephonyConformance):
    """
    The part of `BaseCallConformance` that is about what the vendor tells and asks of calls.

    Attributes:
        webhooks: Beside those of texts: ``call_received``, where somebody calls;
            ``call_reported``, with a word of `call_statuses`, and ``unknown_call_status``, with one
            that is not in the vendor's documentation; ``recording_ready``, and
            ``recording_absent``, where there is none. Add one for a recording that failed and for
            an answering machine, if the vendor tells of them.
        means: Of these a list of `ReceivedCall`, `CallReported` and `Recorded`.
        call_statuses: The vendor's words for how far a call got, and what each means; None for a
            word that says nothing of it.
        rendered: What tells the vendor what to do with a call, by the names of
            `trunkline.testing.call_webhooks.STEPS`, written by its manual. Blanks between elements,
            and the order of attributes, count for nothing.
    """

    call_statuses: ClassVar[Mapping[str, CallStatus | None]] = {}
    rendered: ClassVar[Mapping[str, WebhookReply]] = {}

    def needed_webhooks(self) -> Mapping[str, str]:
        """Return what must stand in `webhooks`: of calls only what is declared."""
        declared = self.spec.capabilities
        calls = {name: each for name, (each, _) in _NEEDED.items() if each in declared}
        return {**super().needed_webhooks(), **calls}

    def needed_events(self) -> Mapping[str, type[InboundEvent]]:
        """Return what each of them tells of, first."""
        return {**super().needed_events(), **{name: event for name, (_, event) in _NEEDED.items()}}

    def test_a_report_moves_a_call_no_further_than_its_word_says(self) -> None:
        self.needs(Capability.CALL_STATUS)
        adapter, request = self.webhook("call_reported")
        assert {*self.call_statuses.values()} >= {CallStatus.COMPLETED, CallStatus.NO_ANSWER}
        (shown,) = self.events("call_reported")
        assert isinstance(shown, CallReported)
        ids = set()

        for word, status in self.call_statuses.items():
            (event,) = adapter.parse(said_instead(request, shown.vendor_status, word))

            assert isinstance(event, CallReported)
            assert (event.vendor_status, event.call_status) == (word, status)
            assert event.status == (status and status.delivery)
            ids.add(event.external_id)

        assert len(ids) == len(self.call_statuses), "each is a happening of its own"

    def test_a_status_of_a_call_that_is_not_known_moves_nothing(self) -> None:
        self.needs(Capability.CALL_STATUS)

        (event,) = self.told("unknown_call_status")

        assert isinstance(event, CallReported)
        assert (event.call_status, event.status) == (None, None)
        assert event.vendor_status

    def test_a_recording_says_where_it_is_and_one_that_there_is_not_says_so(self) -> None:
        self.needs(Capability.CALL_RECORD)

        (ready,), (absent,) = self.told("recording_ready"), self.told("recording_absent")

        assert isinstance(ready, Recorded)
        assert isinstance(absent, Recorded)
        assert ready.media is not None
        assert absent.media is None
        assert ready.call_id

    @pytest.mark.parametrize("steps", STEPS)
    def test_what_to_do_with_a_call_is_said_as_the_vendor_wants_it(self, steps: str) -> None:
        self.needs(Capability.CALL_RECEIVE)
        if any(isinstance(each, Record) for each in STEPS[steps]):
            self.needs(Capability.CALL_RECORD)
        adapter, request = self.webhook("call_received")
        assert steps in self.rendered, f"say in `rendered` how the vendor is told to {steps}"

        reply, expected = adapter.render(request, STEPS[steps]), self.rendered[steps]

        assert (reply.status, reply.content_type) == (expected.status, expected.content_type)
        assert _alike(reply.body) == _alike(expected.body)


def _alike(body: bytes) -> object:
    """Return what an answer of XML or JSON says, however it is written."""
    with suppress(ParseError):
        return canonicalize(body.decode(), strip_text=True)
    with suppress(ValueError):
        return json.loads(body)
    return body
