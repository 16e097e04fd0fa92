"""The suites of e-mail and WhatsApp find mistakes in adapters whose vendors they do not know."""

from types import ModuleType
from typing import Final

import pytest

from tests.unseen import pharos, pharos_mutants, semaphore, semaphore_mutants
from tests.unseen.mutant import Mutant, failing, failure, mistaken, source_of, suite_of
from tests.unseen.pharos_manual import PharosSuite
from tests.unseen.semaphore_manual import SemaphoreSuite
from trunkline.testing import BaseMessageConformance

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
