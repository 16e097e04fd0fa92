"""What GREEN-API's refusals mean to the hub, and what to do about each."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import httpx2

from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)

Meaning: TypeAlias = tuple[type[ProviderError], str]

NOT_LINKED: Final = (
    "No phone is linked to the GREEN-API instance: scan its QR code in GREEN-API's console with "
    "the phone."
)
_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: (AuthFailed, "GREEN-API refused the token: check api_token in its console."),
    403: (AuthFailed, "GREEN-API knows no such instance: check id_instance and base_url."),
    404: (AuthFailed, "GREEN-API has no such address: check id_instance and base_url."),
    429: (RetryLater, "GREEN-API limits our rate: it takes the same message later."),
    466: (
        NotSetUp,
        "The GREEN-API plan is used up for this month: change it in its console, or wait.",
    ),
    469: (NotSetUp, "GREEN-API blocked the instance: ask its support why."),
}
_BY_WORDS: Final[Mapping[str, Meaning]] = {
    "in starting process": (
        RetryLater,
        "The GREEN-API instance is starting: it takes the same message later.",
    ),
    "not authorized": (NotSetUp, NOT_LINKED),
    "expired": (OutOfCredit, "The GREEN-API instance has expired: pay for it in its console."),
    "is deleted": (AuthFailed, "The GREEN-API instance was deleted: set up another one."),
}
"""
What the text of a 400 begins or ends with says which it is, the first that fits; the text itself
may quote the number, the message and the token.

From GREEN-API's documentation, "Common errors", read in November 2026.
"""
_TOO_LARGE: Final = "exceeded max upload size"


def refusal(response: httpx2.Response) -> ProviderError:
    """Return what an answer that is no success means to the hub."""
    status, text = response.status_code, response.text.lower()
    code = str(status)
    if status == httpx2.codes.INTERNAL_SERVER_ERROR and _TOO_LARGE in text:
        return Rejected("The file is larger than GREEN-API's 100 MB.", provider_code=code)
    # 499 is GREEN-API's own word for not having waited for its answer.
    if not response.is_client_error or status in (408, 499):
        return OutcomeUnknown(f"GREEN-API answered {status}.", provider_code=code)
    if status == httpx2.codes.BAD_REQUEST:
        meaning = next((each for words, each in _BY_WORDS.items() if words in text), None)
    else:
        meaning = _BY_STATUS.get(status)
    kind, sentence = meaning or (
        Rejected,
        f"GREEN-API refused it ({status}): check the recipient, the file and the quoted message.",
    )
    return kind(sentence, provider_code=code)
