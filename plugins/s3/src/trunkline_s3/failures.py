"""What S3's refusals mean to the hub, by the code in their XML, else by the status."""

import re
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

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

_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,64}")
_KEYS: Final = "S3 refused the keys: check access_key_id and secret_access_key."
_ALLOWED: Final = "The keys may not do this: allow reading, writing, deleting and listing."
_CLOCK: Final = "S3 finds this machine's clock wrong by a quarter of an hour: set it."
_REGION: Final = "The bucket is in another region or place: correct region or endpoint_url."
_BUCKET: Final = "There is no such bucket: correct bucket, or create it."
_FULL: Final = "The storage is full, or its quota is used up: make room."
_PAY: Final = "The account with the storage is not paid for: pay, or choose another."

REFUSALS: Final[Mapping[str, tuple[type[ProviderError], str]]] = {
    "NoSuchKey": (Rejected, "There is no such object."),
    "EntityTooLarge": (Rejected, "The object is larger than the storage takes."),
    "KeyTooLongError": (Rejected, "The key is longer than the storage takes."),
    "AccessDenied": (AuthFailed, _ALLOWED),
    "AllAccessDisabled": (NotSetUp, "The bucket has been closed: ask the storage's support."),
    "InvalidAccessKeyId": (AuthFailed, _KEYS),
    "SignatureDoesNotMatch": (AuthFailed, _KEYS),
    "InvalidToken": (AuthFailed, _KEYS),
    "ExpiredToken": (AuthFailed, _KEYS),
    "RequestTimeTooSkewed": (NotSetUp, _CLOCK),
    "RequestExpired": (NotSetUp, _CLOCK),
    "NoSuchBucket": (NotSetUp, _BUCKET),
    "InvalidBucketName": (NotSetUp, _BUCKET),
    "PermanentRedirect": (NotSetUp, _REGION),
    "TemporaryRedirect": (NotSetUp, _REGION),
    "AuthorizationHeaderMalformed": (NotSetUp, _REGION),
    "IllegalLocationConstraintException": (NotSetUp, _REGION),
    "InvalidRegion": (NotSetUp, _REGION),
    "QuotaExceeded": (NotSetUp, _FULL),
    "InsufficientStorage": (NotSetUp, _FULL),
    "XMinioStorageFull": (NotSetUp, _FULL),
    "XMinioAdminBucketQuotaExceeded": (NotSetUp, _FULL),
    "AccountProblem": (OutOfCredit, _PAY),
    "NotSignedUp": (OutOfCredit, _PAY),
    "BadDigest": (RetryLater, "The content was damaged on its way."),
    "XAmzContentSHA256Mismatch": (RetryLater, "The content was damaged on its way."),
    "RequestTimeout": (RetryLater, "The storage waited too long for the content."),
    "OperationAborted": (RetryLater, "The storage is busy with the same object."),
    "SlowDown": (RetryLater, "The storage limits our rate."),
    "TooManyRequests": (RetryLater, "The storage limits our rate."),
    "RequestLimitExceeded": (RetryLater, "The storage limits our rate."),
}
"""As Amazon's list of errors and MinIO's have them; MinIO's own begin with ``XMinio``."""


def refusal(response: httpx2.Response) -> ProviderError:
    """Return what an answer means that is no success; its message, which quotes keys, is left."""
    return error_of(code_in(response.content), response)


def error_of(code: str | None, response: httpx2.Response) -> ProviderError:
    """Return what a code means, or the answer's status where the code says nothing."""
    status = response.status_code
    kind, sentence = REFUSALS.get(code or "", (None, ""))
    if kind is RetryLater or (kind is None and status in {429, 503}):
        wait = response.headers.get("retry-after", "")
        return RetryLater(
            sentence or "The storage is not available.",
            retry_after_s=float(wait) if wait.isdecimal() else 1.0,
            provider_code=code,
            unavailable=kind is None and status == 503,
        )
    if kind is None:
        kind, sentence = _by_status(status)
    return kind(sentence, provider_code=code)


def _by_status(status: int) -> tuple[type[ProviderError], str]:
    match status:
        case 401 | 403:
            return AuthFailed, _ALLOWED
        case 402:
            return OutOfCredit, _PAY
        case 507:
            return NotSetUp, _FULL
        case _ if 300 <= status < 400:
            return NotSetUp, _REGION
        case _ if 400 <= status < 500:
            return NotSetUp, f"The storage refused ({status})."
        case _:
            return OutcomeUnknown, f"The storage answered {status}."


def code_in(body: bytes) -> str | None:
    """Return the code in an ``<Error>``, or None of anything else."""
    try:
        root = read_xml(body)
    except OutcomeUnknown:
        return None
    code = root.findtext("{*}Code") if local_name(root) == "Error" else None
    return code if code and _CODE.fullmatch(code) else None


def read_xml(body: bytes) -> ET.Element:
    """Return an answer's XML; `OutcomeUnknown` for what is none."""
    if b"<!" in body:  # no answer has a document type, and whoever has none declares no entities
        raise OutcomeUnknown("The storage's answer cannot be read.")
    try:
        return ET.fromstring(body)  # noqa: S314 - there is nothing in it to expand
    except ET.ParseError as error:
        raise OutcomeUnknown("The storage's answer cannot be read.") from error


def local_name(element: ET.Element) -> str:
    """Return an element's name without its namespace, which not every service gives."""
    return element.tag.rpartition("}")[2]
