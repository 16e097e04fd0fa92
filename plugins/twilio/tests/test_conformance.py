"""Both suites, run against Twilio."""

from plugins.twilio.tests.suite import TwilioSuite


class TestTwilio(TwilioSuite):
    pass
