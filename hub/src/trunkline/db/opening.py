"""How a database is opened whose server may start later than the hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, DatabaseSpec

_LONGEST_PAUSE_S: Final = 5.0


@asynccontextmanager
async def open_patiently(
    spec: DatabaseSpec, url: str, context: DatabaseContext, patience_s: float
) -> AsyncIterator[Database]:
    """
    Open a database; one on a server is tried again for `patience_s` seconds.

    Raises:
        NotConfigured: Waiting would not help.
        DatabaseFailed: It cannot be opened, or still could not at the last try.
    """
    async with AsyncExitStack() as stack:
        give_up_at, pause_s = context.clock.monotonic() + patience_s, 0.5
        while True:
            try:
                database = await stack.enter_async_context(spec.open(url, context))
                break
            except DatabaseFailed as error:
                left_s = give_up_at - context.clock.monotonic()
                if spec.embedded or left_s <= 0:
                    raise
                context.log.warning("database.away", reason=str(error), waitsForS=round(left_s, 1))
                await context.clock.sleep(min(pause_s, left_s))
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        yield database
