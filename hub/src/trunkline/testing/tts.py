"""What every adapter that speaks must do, whoever wrote it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from pydantic import SecretStr

from trunkline.sdk import (
    TTS,
    AuthFailed,
    Capability,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Quota,
    Rejected,
    RetryLater,
)
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.providers import DROPS
from trunkline.testing.speaking import BaseSpeakingConformance, exhaust
from trunkline.testing.suite import longest_stall_s

_REFUSALS: Final[Mapping[str, tuple[type[ProviderError], ...]]] = {
    "rate_limited": (RetryLater,),
    "unknown_voice": (Rejected,),
    "bad_credentials": (AuthFailed,),
    "out_of_credit": (OutOfCredit,),
    "server_error": (OutcomeUnknown, RetryLater),
}
_LOST: Final[Mapping[str, type[ProviderError]]] = {
    "dropped_before": RetryLater,
    "dropped_after": OutcomeUnknown,
}
_LONGEST_STALL_S: Final = 0.1


class BaseTtsConformance(BaseSpeakingConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    A test of a capability that the spec does not declare is skipped.

    Attributes:
        answers: What the vendor answers, by a name. To a text that it speaks: under the value of
            each `AudioFormat` that you declare (``mp3``) the sound, as long as a real one. To one
            that it does not: ``rate_limited``, ``unknown_voice``, ``bad_credentials``,
            ``out_of_credit`` and ``server_error``, and under names of yours whatever else it
            refuses with an error of its own. Keep what it echoes. To the questions that you
            declare: ``voices`` (a tuple of its pages if it gives several) and ``quota``; to
            `verify`, if you have one, ``account``.
        means: Of a refusal the error with its `provider_code`, of ``voices`` the list of `Voice`,
            of ``quota`` the `Quota`, of ``account`` the `Account`; under ``billed`` what the
            answers with sound say that they cost, if they do.
        voice, other_voice: Two voices, as the vendor's API names them.
        asks_as: The vendor's word for each format that a request asks for.
        left_out: ``rate_limited``, ``bad_credentials`` or ``out_of_credit``, where the vendor knows
            no such thing.
        over_http: As in `BaseProviderConformance`; the author overrides `flow` and `sound` too.
        asks_nobody: True of an adapter that makes the sound by itself, such as by a program on the
            machine. Then `answers` is empty, and what is asked of a vendor's answers is skipped. If
            something runs meanwhile, override `flow`, whose `answering` says how much of it.
    """

    kind = TTS.name

    @pytest.mark.parametrize("scenario", _REFUSALS)
    def test_a_refusal_becomes_the_error_that_says_what_to_do(self, scenario: str) -> None:
        self.needs_vendor()
        self.needs_place(scenario)

        outcome = self.spoken(self.answer(scenario)).outcome

        assert isinstance(outcome, _REFUSALS[scenario])
        if scenario == "server_error" and isinstance(outcome, RetryLater):
            assert outcome.unavailable

    def test_a_refusal_passes_on_the_code_that_the_vendor_gave(self) -> None:
        self.needs_vendor()
        refusals = {
            name: meaning
            for name, meaning in self.means.items()
            if isinstance(meaning, ProviderError) and name in self.answers
        }
        assert "unknown_voice" in refusals, "say in `means` what unknown_voice means"

        for name, meaning in refusals.items():
            outcome = self.spoken(self.answer(name)).outcome

            assert isinstance(outcome, ProviderError)
            shown = (type(meaning), meaning.provider_code)
            assert (type(outcome), outcome.provider_code) == shown, name

    @pytest.mark.parametrize("wait", ["7", "soon", "-5", "nan", ""])
    def test_a_rate_limit_tells_how_long_to_wait(self, wait: str) -> None:
        self.needs_vendor()
        self.needs_place("rate_limited")
        limited = replace(self.canned("rate_limited"), headers={"retry-after": wait})

        outcome = self.spoken(limited).outcome

        assert isinstance(outcome, RetryLater)
        assert math.isfinite(outcome.retry_after_s)
        assert outcome.retry_after_s == 7 if wait == "7" else outcome.retry_after_s >= 0

    @pytest.mark.parametrize("drop", _LOST)
    def test_only_what_was_surely_not_asked_is_reported_so(self, drop: str) -> None:
        self.needs_vendor()
        assert isinstance(self.spoken(self.answer(drop)).outcome, _LOST[drop])

    @pytest.mark.parametrize("scenario", ["rate_limited", "unknown_voice", "empty"])
    def test_what_is_no_sound_under_the_status_of_one_is_an_error(self, scenario: str) -> None:
        self.needs_vendor()
        self.needs_place(scenario)
        sound = self.canned(self.speech().format)
        answer = replace(sound, content=b"")
        if scenario != "empty":
            answer = replace(self.canned(scenario), status=sound.status)

        assert isinstance(self.spoken(answer).outcome, ProviderError)

    @pytest.mark.parametrize("scenario", [*_REFUSALS, *_LOST, "spoken"])
    def test_one_attempt_is_one_request_and_tells_nothing_private(self, scenario: str) -> None:
        if scenario != "spoken":
            self.needs_vendor()
        self.needs_place(scenario)

        attempt = self.spoken(
            self.answer(self.speech().format if scenario == "spoken" else scenario)
        )

        tried = len(attempt.wire.requests)
        assert tried == 1 or (tried == 0 and not self.over_http), "retrying is the hub's work"
        assert not self.tells(attempt)

    def test_credentials_are_secret_and_used_to_the_last_letter(self) -> None:
        self.needs_vendor()
        self.needs_place("bad_credentials")
        config = self.valid_config()
        fields = [name for name, value in dict(config).items() if isinstance(value, SecretStr)]
        assert fields, "declare credentials as SecretStr"
        sound = self.answer(self.speech().format)
        told = self.reached(self.spoken(sound))

        for field in fields:
            secret = getattr(config, field).get_secret_value()
            other = SecretStr(secret[:-1] + chr(ord(secret[-1]) ^ 1))
            changed = config.model_copy(update={field: other})
            assert self.reached(self.spoken(sound, changed)) != told, field

    def test_the_voices_are_all_of_those_that_the_vendor_lists(self) -> None:
        self.needs(Capability.TTS_VOICES)
        expected = self.meaning("voices")

        given = self.answers.get("voices")
        voices = self.asked(given, lambda each: each.voices()).outcome

        assert list(voices) == list(expected)
        assert len({each.id for each in voices}) == len(voices) > 0
        assert all(each.id and each.name for each in voices)

    def test_a_part_of_the_voices_does_not_pass_for_all(self) -> None:
        self.needs_vendor()
        self.needs(Capability.TTS_VOICES)
        pages = self.answers["voices"]
        for at in range(len(pages) if isinstance(pages, tuple | list) else 1):
            broken = (
                [*pages[:at], self.answer("server_error")] if at else self.answer("server_error")
            )

            outcome = self.asked(broken, lambda each: each.voices()).outcome

            assert isinstance(outcome, ProviderError), f"page {at + 1} is missing"

    def test_the_quota_is_what_the_vendor_says(self) -> None:
        self.needs(Capability.TTS_QUOTA)

        quota = self.asked(self.answer("quota"), lambda each: each.quota()).outcome

        assert isinstance(quota, Quota)
        assert quota == self.meaning("quota")
        assert quota.resets_at is None or quota.resets_at.tzinfo is not None

    def test_the_account_is_what_the_vendor_says(self) -> None:
        self.needs_answer("account")

        attempt = self.asked(self.answer("account"), lambda each: each.verify())

        assert attempt.outcome == self.meaning("account")

    @pytest.mark.parametrize("scenario", ["bad_credentials", "server_error", *DROPS])
    @pytest.mark.parametrize("question", ["voices", "quota", "account"])
    def test_a_question_that_fails_says_why_and_tells_nothing_private(
        self, question: str, scenario: str
    ) -> None:
        self.needs_answer(question)
        self.needs_place(scenario)
        asking: Callable[[Any], Awaitable[Any]] = {
            "voices": lambda each: each.voices(),
            "quota": lambda each: each.quota(),
            "account": lambda each: each.verify(),
        }[question]

        attempt = self.asked(self.answer(scenario), asking)

        assert isinstance(attempt.outcome, ProviderError)
        assert isinstance(attempt.outcome, AuthFailed) == (scenario == "bad_credentials")
        assert not self.tells(attempt)

    def needs_answer(self, name: str) -> None:
        """Skip the test that calls this if the vendor is never asked that."""
        if name not in self.answers:
            pytest.skip(f"{self.spec.name} is not asked for its {name}")

    def test_what_is_declared_to_be_asked_has_an_answer(self) -> None:
        self.needs_vendor()
        for name in ("voices", "quota"):
            declared = f"tts.{name}" in self.spec.capabilities
            assert declared == (name in self.answers), name

    def test_speaking_never_blocks_the_event_loop(self) -> None:
        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        stall_s = min(asyncio.run(self._longest_stall_s()) for _ in range(3))

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    async def _longest_stall_s(self) -> float:
        speech = self.speech()
        wire = self.wire(self.answer(speech.format))
        async with self.opened(wire, RecordingLog()) as provider:
            await exhaust(provider.synthesize(speech))  # the first may import and warm up
            return await longest_stall_s(exhaust(provider.synthesize(speech)))
