"""What is asked of Resend about domains and webhooks, and what is read of its answers."""

from plugins.resend.tests.setup_suite import DomainsSuite, WebhooksSuite


class TestDomains(DomainsSuite):
    pass


class TestWebhooks(WebhooksSuite):
    pass
