"""The hub's suite for e-mail, run against Resend."""

from plugins.resend.tests.suite import ResendSuite


class TestResend(ResendSuite):
    pass
