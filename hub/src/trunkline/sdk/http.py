"""The one thing every HTTP adapter must get right: was the request sent, or may it have been?"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx2

from trunkline.sdk.errors import AuthFailed, OutcomeUnknown, RetryLater

_NO_HEADER: Final = re.compile(rb"[\x00\r\n]")
"""What no client writes into a header: it would begin another one (RFC 9110 §5.5)."""


@contextmanager
def transport_errors(vendor: str) -> Iterator[None]:
    """
    Turn a broken connection into the error that says what may be done about it.

    Raises:
        RetryLater: No connection came about, so nothing was sent.
        AuthFailed: Nothing was sent either: a header cannot be written, as a key with a line break
            or a letter that is not ASCII is in it.
        OutcomeUnknown: The request may have been written; it must not be sent again blindly.
    """
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise RetryLater(f"{vendor} could not be reached.", unavailable=True) from error
    except httpx2.LocalProtocolError as error:
        if _has_unwritable_header(error):
            raise _unwritable(vendor) from None
        raise OutcomeUnknown(f"{vendor} did not answer.") from error
    except UnicodeEncodeError as error:
        frames = traceback.walk_tb(error.__traceback__)
        if not any(frame.f_code.co_name == "build_request" for frame, _ in frames):
            raise  # of what came after the request, perhaps
        raise _unwritable(vendor) from None  # the error holds the key
    except httpx2.RequestError as error:  # also an answer that does not decompress
        raise OutcomeUnknown(f"{vendor} did not answer.") from error


def _has_unwritable_header(error: httpx2.RequestError) -> bool:
    try:
        headers = error.request.headers.raw
    except RuntimeError:  # nobody has said what the request was
        return False
    return any(_NO_HEADER.search(value) for _, value in headers)


def _unwritable(vendor: str) -> AuthFailed:
    return AuthFailed(
        f"{vendor} was not asked: the credentials hold a line break or letters that are not ASCII, "
        "which no header can. Set them again."
    )
