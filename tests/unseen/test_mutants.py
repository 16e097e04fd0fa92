"""The shipped suite finds mistakes in an adapter whose vendor it does not know."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from plugins.example.tests.test_mutants import CASES as EXAMPLE
from plugins.twilio.tests.test_mutants import CASES as TWILIO
from tests.unseen.heliograph import SPEC
from tests.unseen.manual import HeliographSuite
from tests.unseen.mutant import SOURCE, Mutant
from tests.unseen.mutants import MUTANTS, NOT_CAUGHT
from trunkline.sdk import Capability, Idempotency, KeyForm, ProviderSpec, TelephonyProvider
from trunkline.testing import BaseTelephonyConformance

TESTS = sorted(name for name in dir(HeliographSuite) if name.startswith("test_"))


def arguments(suite: HeliographSuite, test: Callable[..., None]) -> Iterator[Mapping[str, object]]:
    """Return every set of arguments that pytest would call a test with."""
    given: dict[str, list[object]] = {
        mark.args[0]: list(mark.args[1]) for mark in getattr(test, "pytestmark", [])
    }
    if "name" in inspect.signature(test).parameters:
        given["name"] = list(suite.webhooks)
    if "needed" in inspect.signature(test).parameters:
        given["needed"] = list(suite.needed_webhooks())
    for values in product(*given.values()):
        yield dict(zip(given, values, strict=True))


def failure(suite: HeliographSuite, name: str) -> BaseException | None:
    """Return what makes a test of the suite fail, with some arguments; None if it passes."""
    test = getattr(suite, name)
    for given in arguments(suite, test):
        try:
            with suppress(pytest.skip.Exception):
                test(**given)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever pytest takes
            return error
    return None


def suite_of(spec: ProviderSpec[TelephonyProvider, Any]) -> HeliographSuite:
    """Return the suite for an adapter other than the right one."""
    suite = HeliographSuite()
    suite.spec = spec  # type: ignore[misc] # of this one instance
    return suite


@cache
def passes_without_a_mistake(name: str) -> bool:
    return failure(suite_of(SPEC), name) is None


def failing(suite: HeliographSuite, first: str = "") -> str | None:
    """Return a test of the suite that fails, having tried `first` before the others."""
    names = sorted(TESTS, key=lambda name: name != first)
    return next((name for name in names if failure(suite, name)), None)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.mistake)
def test_case_d14_the_suite_catches_an_adapter_with_this_mistake(mutant: Mutant) -> None:
    assert passes_without_a_mistake(mutant.test)
    assert failing(suite_of(mutant.module().SPEC), mutant.test) == mutant.test


@pytest.mark.parametrize("mutant", NOT_CAUGHT, ids=lambda mutant: mutant.mistake)
def test_case_d14_the_suite_cannot_know_of_this_mistake(mutant: Mutant) -> None:
    assert failing(suite_of(mutant.module().SPEC)) is None, "it can: take it out of the list"


def test_case_d14_nine_of_ten_mutants_are_caught_in_an_adapter_of_300_lines() -> None:
    assert len(MUTANTS) >= 60
    assert len(MUTANTS) >= 0.9 * (len(MUTANTS) + len(NOT_CAUGHT))
    assert len(SOURCE.splitlines()) <= 300


def test_case_d14_every_test_of_the_suite_is_known_to_fail() -> None:
    tests = {name for name in dir(BaseTelephonyConformance) if name.startswith("test_")}
    failed = {test.__name__ for cases in (EXAMPLE, TWILIO) for _, test, _ in cases}

    of_its_author = {
        "test_the_known_gaps_are_tests",
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

    assert failing(suite_of(spec)) is None
