"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from trunkline.sdk import Capability, EmailProvider, ProviderContext, ProviderSpec, hookimpl
from trunkline_smtp.config import SmtpConfig
from trunkline_smtp.failures import FAILURES


@asynccontextmanager
async def open_smtp(config: SmtpConfig, context: ProviderContext) -> AsyncIterator[EmailProvider]:
    """Open one account; the clients of both protocols are imported only now."""
    from trunkline_smtp.account import open_account

    async with open_account(config, context) as account:
        yield account


SMTP: ProviderSpec[EmailProvider, SmtpConfig] = ProviderSpec(
    name="smtp",
    config=SmtpConfig,
    open=open_smtp,
    capabilities=frozenset(
        {
            Capability.EMAIL_SEND,
            Capability.EMAIL_ATTACH,
            Capability.MEDIA_OPEN,
            Capability.EMAIL_RECEIVE,
            Capability.EMAIL_STATUS,
            Capability.LISTEN,
            Capability.MEDIA_FETCH,
        }
    ),
    idempotency=None,  # SMTP has none, and no way to ask what became of a mail
    failures=FAILURES,
)


@hookimpl
def trunkline_register_email() -> Sequence[ProviderSpec[EmailProvider, SmtpConfig]]:
    """Offer any mail server."""
    return [SMTP]
