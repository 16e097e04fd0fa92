"""The shipped suites, run against adapters that they were not written for."""

from tests.unseen.courier import CourierSuite
from tests.unseen.manual import HeliographSuite
from tests.unseen.pharos_manual import PharosSuite
from tests.unseen.semaphore_manual import SemaphoreSuite


class TestHeliograph(HeliographSuite):
    pass


class TestSemaphore(SemaphoreSuite):
    pass


class TestPharos(PharosSuite):
    pass


class TestCourier(CourierSuite):
    pass
