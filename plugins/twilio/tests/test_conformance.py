"""The suites of texts and of WhatsApp messages, run against Twilio."""

from plugins.twilio.tests.suite import TwilioSuite
from plugins.twilio.tests.whatsapp_suite import WhatsAppSuite


class TestTwilio(TwilioSuite):
    pass


class TestWhatsApp(WhatsAppSuite):
    pass
