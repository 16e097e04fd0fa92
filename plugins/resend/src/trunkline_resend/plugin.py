"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, EmailProvider, Idempotency, KeyForm, ProviderSpec, hookimpl
from trunkline_resend.config import ResendConfig
from trunkline_resend.failures import FAILURES
from trunkline_resend.mail import open_resend
from trunkline_resend.webhooks import ResendWebhooks

RESEND: ProviderSpec[EmailProvider, ResendConfig] = ProviderSpec(
    name="resend",
    config=ResendConfig,
    open=open_resend,
    capabilities=frozenset(
        {
            Capability.EMAIL_SEND,
            Capability.EMAIL_ATTACH,
            Capability.EMAIL_RECEIVE,
            Capability.EMAIL_STATUS,
            Capability.EMAIL_DOMAINS,
            Capability.EMAIL_WEBHOOK,
            Capability.LOOKUP_BY_ID,
            Capability.MEDIA_FETCH,
        }
    ),
    # resend.com/docs/dashboard/emails/idempotency-keys, November 2026: up to 256 characters.
    idempotency=Idempotency(form=KeyForm.ANY, window_s=24 * 3600),
    most_media_bytes=29_000_000,  # 40 MB in base64, with the mail itself
    failures=FAILURES,
    webhook=ResendWebhooks(),
)


@hookimpl
def trunkline_register_email() -> Sequence[ProviderSpec[EmailProvider, ResendConfig]]:
    """Offer Resend."""
    return [RESEND]
