"""The shipped suite finds mistakes in an adapter whose vendor it does not know."""

from dataclasses import replace
from functools import cache

import pytest

from plugins.example.tests.test_mutants import CASES as EXAMPLE
from plugins.twilio.tests.test_mutants import CASES as TWILIO
from tests.unseen import heliograph
from tests.unseen.heliograph import SPEC
from tests.unseen.manual import HeliographSuite
from tests.unseen.mutant import Mutant, failing, failure, mistaken, source_of, suite_of
from tests.unseen.mutants import MUTANTS, NOT_CAUGHT
from trunkline.sdk import Capability, Idempotency, KeyForm
from trunkline.testing import BaseTelephonyConformance


@cache
def passes_without_a_mistake(name: str) -> bool:
    return failure(suite_of(HeliographSuite, SPEC), name) is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.mistake)
def test_case_d14_the_suite_catches_an_adapter_with_this_mistake(mutant: Mutant) -> None:
    assert passes_without_a_mistake(mutant.test)
    assert (
        failing(suite_of(HeliographSuite, mistaken(heliograph, mutant)), mutant.test) == mutant.test
    )


@pytest.mark.parametrize("mutant", NOT_CAUGHT, ids=lambda mutant: mutant.mistake)
def test_case_d14_the_suite_cannot_know_of_this_mistake(mutant: Mutant) -> None:
    suite = suite_of(HeliographSuite, mistaken(heliograph, mutant))
    assert failing(suite) is None, "it can: take it out of the list"


def test_case_d14_nine_of_ten_mutants_are_caught_in_an_adapter_of_300_lines() -> None:
    assert len(MUTANTS) >= 60
    assert len(MUTANTS) >= 0.9 * (len(MUTANTS) + len(NOT_CAUGHT))
    assert len(source_of(heliograph).splitlines()) <= 300


def test_case_d14_every_test_of_the_suite_is_known_to_fail() -> None:
    tests = {name for name in dir(BaseTelephonyConformance) if name.startswith("test_")}
    failed = {test.__name__ for cases in (EXAMPLE, TWILIO) for _, test, _ in cases}

    of_its_author = {
        "test_the_known_gaps_are_tests",
        "test_calls_and_media_that_are_declared_are_asked_about",
        "test_there_is_a_webhook_of_each_kind_to_ask_about",
    }
    assert tests - failed - {mutant.test for mutant in MUTANTS} == of_its_author


@pytest.mark.parametrize(
    ("capabilities", "idempotency"),
    [
        ({Capability.LOOKUP_BY_ID}, None),
        ({Capability.LOOKUP_BY_ID}, Idempotency(form=KeyForm.ANY, window_s=86_400)),
        ({Capability.LOOKUP_BY_KEY}, Idempotency(form=KeyForm.UUID, window_s=3_600)),
        (set(), None),
    ],
)
def test_case_d15_a_vendor_conforms_whichever_look_ups_and_keys_it_has(
    capabilities: set[Capability], idempotency: Idempotency | None
) -> None:
    texts = {Capability.SMS_SEND, Capability.SMS_RECEIVE, Capability.SMS_STATUS}
    spec = replace(SPEC, capabilities=frozenset(texts | capabilities), idempotency=idempotency)

    suite = suite_of(HeliographSuite, spec)
    shown = {"found": "lookup.", "found_by_key": Capability.LOOKUP_BY_KEY}
    suite.answers = {  # type: ignore[misc] # of this one instance, whose vendor has no others
        name: answer
        for name, answer in suite.answers.items()
        if name not in shown or any(each.startswith(shown[name]) for each in capabilities)
    }

    assert failing(suite) is None
