"""The suite, run against GREEN-API."""

from plugins.greenapi.tests.suite import GreenApiSuite


class TestGreenApi(GreenApiSuite):
    pass
