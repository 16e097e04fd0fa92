"""The suite has teeth: it fails each of these mistakes, made in the adapter."""

from pathlib import Path
from typing import Any

import pytest

from plugins.greenapi.tests.mistakes import MISTAKES, Mistake
from plugins.greenapi.tests.suite import GreenApiSuite
from trunkline.sdk import ProviderSpec


def suite_of(of: ProviderSpec[Any, Any]) -> GreenApiSuite:
    """Return the suite for another adapter."""

    class Mutant(GreenApiSuite):
        spec = of

    return Mutant()


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.says)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = MISTAKES.index(mistake)
    monkeypatch.syspath_prepend(tmp_path)
    right = mistake.spec(tmp_path, f"right_{number}", right=True)
    mistake.test(suite_of(right), *mistake.arguments)  # which makes none yet

    wrong = mistake.spec(tmp_path, f"wrong_{number}")
    with pytest.raises((Exception, pytest.fail.Exception)):
        mistake.test(suite_of(wrong), *mistake.arguments)
