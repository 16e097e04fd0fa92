"""Every test of the telephony suite can fail: some adapter's mistake is known to make it."""

from plugins.example.tests.test_mutants import CASES as EXAMPLE
from plugins.twilio.tests.test_mutants import CASES as TWILIO
from trunkline.testing import BaseTelephonyConformance


def test_every_test_of_the_suite_is_known_to_fail() -> None:
    tests = {name for name in dir(BaseTelephonyConformance) if name.startswith("test_")}
    failed = {test.__name__ for cases in (EXAMPLE, TWILIO) for _, test, _ in cases}

    assert not tests - failed
