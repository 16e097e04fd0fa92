"""The shipped suite, run against an adapter that it was not written for."""

from tests.unseen.manual import HeliographSuite


class TestHeliograph(HeliographSuite):
    pass
