"""The suites of e-mail and WhatsApp find mistakes in adapters whose vendors they do not know."""

from types import ModuleType
from typing import Final

import pytest

from plugins.resend.tests.test_mutants import CASES as RESEND
from tests.unseen import pharos, pharos_mutants, semaphore, semaphore_mutants
from tests.unseen.mutant import Mutant, failing, failure, mistaken, source_of, suite_of
from tests.unseen.pharos_manual import PharosSuite
from tests.unseen.semaphore_manual import SemaphoreSuite
from trunkline.testing import (
    BaseEmailConformance,
    BaseMessageConformance,
    BaseWhatsAppConformance,
)

Vendor = tuple[ModuleType, type[BaseMessageConformance], ModuleType]
VENDORS: Final[list[Vendor]] = [
    (semaphore, SemaphoreSuite, semaphore_mutants),
    (pharos, PharosSuite, pharos_mutants),
]
CAUGHT: Final = [
    pytest.param(adapter, suite, mutant, id=mutant.mistake)
    for adapter, suite, mutants in VENDORS
    for mutant in mutants.MUTANTS
]
NOT_CAUGHT: Final = [
    pytest.param(adapter, suite, mutant, id=mutant.mistake)
    for adapter, suite, mutants in VENDORS
    for mutant in mutants.NOT_CAUGHT
]


@pytest.mark.parametrize(("adapter", "suite", "mutant"), CAUGHT)
def test_the_suite_catches_an_adapter_with_this_mistake(
    adapter: ModuleType, suite: type[BaseMessageConformance], mutant: Mutant
) -> None:
    assert failure(suite_of(suite, adapter.SPEC), mutant.test) is None
    assert failing(suite_of(suite, mistaken(adapter, mutant)), mutant.test) == mutant.test


@pytest.mark.slow
@pytest.mark.parametrize(("adapter", "suite", "mutant"), NOT_CAUGHT)
def test_the_suite_cannot_know_of_this_mistake(
    adapter: ModuleType, suite: type[BaseMessageConformance], mutant: Mutant
) -> None:
    found = failing(suite_of(suite, mistaken(adapter, mutant)))

    assert found is None, "it can: take it out of the list"


@pytest.mark.parametrize(("adapter", "suite", "mutants"), VENDORS)
def test_nine_of_ten_mutants_are_caught_in_an_adapter_of_300_lines(
    adapter: ModuleType, suite: type[BaseMessageConformance], mutants: ModuleType
) -> None:
    caught, missed = len(mutants.MUTANTS), len(mutants.NOT_CAUGHT)

    assert caught >= 30
    assert caught >= 0.9 * (caught + missed)
    assert len(source_of(adapter).splitlines()) <= 300


OF_ITS_AUTHOR: Final = {
    "test_a_mail_that_came_has_its_own_id",
    "test_addresses_are_told_as_the_hub_has_them",
    "test_an_attachment_that_came_has_a_bare_type",
    "test_choices_have_their_fields_and_a_pick_is_shown",
    "test_each_part_of_a_mail_has_its_field_or_is_said_to_have_none",
    "test_each_part_of_a_message_has_its_field_or_is_said_to_have_none",
    "test_the_statuses_say_how_far_a_message_got",
    "test_the_webhooks_show_a_person_without_a_number",
    "test_the_webhooks_show_an_answer_to_a_message",
    "test_the_webhooks_show_each_kind_of_message",
    "test_the_webhooks_show_what_mails_may_have",
}
"""Tests of what the author of a suite fills in: no mistake in an adapter fails them."""


def test_every_test_that_the_kinds_add_is_known_to_fail() -> None:
    common = names_of(BaseMessageConformance)
    added = names_of(BaseEmailConformance, BaseWhatsAppConformance) - common
    failed = {test.__name__ for _, test, _ in RESEND}
    failed |= {mutant.test for _, _, mutants in VENDORS for mutant in mutants.MUTANTS}

    assert added - failed == OF_ITS_AUTHOR


def names_of(*suites: type[BaseMessageConformance]) -> set[str]:
    """Return the names of the tests of suites."""
    return {name for suite in suites for name in dir(suite) if name.startswith("test_")}
