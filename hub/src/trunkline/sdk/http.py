"""The one thing every HTTP adapter must get right: was the request sent, or may it have been?"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from trunkline.sdk.errors import OutcomeUnknown, RetryLater


@contextmanager
def transport_errors(vendor: str) -> Iterator[None]:
    """
    Turn a broken connection into the error that says what may be done about it.

    Raises:
        RetryLater: No connection came about, so nothing was sent.
        OutcomeUnknown: The request may have been written; it must not be sent again blindly.
    """
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise RetryLater(f"{vendor} could not be reached.", unavailable=True) from error
    except httpx2.RequestError as error:  # also an answer that does not decompress
        raise OutcomeUnknown(f"{vendor} did not answer.") from error
