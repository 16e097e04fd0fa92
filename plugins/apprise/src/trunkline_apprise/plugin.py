"""What the hub loads."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from trunkline.sdk import AlertContext, AlertSink, AlertSinkSpec, hookimpl
from trunkline_apprise.config import AppriseConfig


@asynccontextmanager
async def _open(config: AppriseConfig, _: AlertContext) -> AsyncIterator[AlertSink]:
    import asyncio

    from trunkline_apprise.sink import made_of  # the library takes a moment

    yield await asyncio.to_thread(made_of, config)


APPRISE = AlertSinkSpec(
    name="apprise", noun="chats, push services and pagers", config=AppriseConfig, open=_open
)


@hookimpl
def trunkline_register_alert_sinks() -> Sequence[AlertSinkSpec[AppriseConfig]]:
    """Offer the services of Apprise."""
    return [APPRISE]
