"""How far each of Resend's words says a mail got, and what its codes of failures mean."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from trunkline.sdk import DeliveryStatus, Failure, FailureKind

STATUSES: Final[Mapping[str, DeliveryStatus]] = {
    "queued": DeliveryStatus.SENT,
    "scheduled": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivery_delayed": DeliveryStatus.SENT,  # Resend goes on trying
    "delivered": DeliveryStatus.DELIVERED,
    # Mail programs and scanners open mails and follow links with nobody there: it arrived, no more.
    "opened": DeliveryStatus.DELIVERED,
    "clicked": DeliveryStatus.DELIVERED,
    "complained": DeliveryStatus.DELIVERED,  # who calls it spam has it
    "bounced": DeliveryStatus.FAILED,
    "suppressed": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
"""
Each last_event of a mail, which webhooks tell with ``email.`` before it.

From Resend's OpenAPI file 1.5.0, August 2026.
"""

_GONE: Final = "The address does not exist or takes no mail: do not write to it again; check it."
_SPAM: Final = "The recipient called it spam: do not write to them again."
_FULL: Final = "The recipient's mailbox is full: try once more in some days, or another way."
_LATER: Final = "The recipient's mail server would not take it for now: send it again later."
_TOO_LARGE: Final = "The recipient's mail server takes no mail so large: send less, or links."
_CONTENT: Final = "The recipient's mail server refused its content: change the words or the links."
_ATTACHED: Final = "The recipient's mail server refused what is attached: send it another way."
_SILENT: Final = "The recipient's mail server does not say why: try once more, or another way."

_BY_KIND: Final[Mapping[FailureKind, Mapping[str, str]]] = {
    FailureKind.UNREACHABLE: {
        "Permanent": _GONE,
        "Permanent.General": _GONE,
        "Permanent.NoEmail": _GONE,
        "Permanent.Undetermined": _GONE,
        "previous_bounce": (
            "Resend sends nothing there since an earlier mail bounced: check the address, and take "
            "it off Resend's suppressions if it works again."
        ),
    },
    FailureKind.OPTED_OUT: {"complained": _SPAM, "previous_complaint": _SPAM},
    FailureKind.REFUSED: {
        f"{kind}.{why}": sentence
        for kind in ("Permanent", "Transient")
        for why, sentence in (
            ("MessageTooLarge", _TOO_LARGE),
            ("ContentRejected", _CONTENT),
            ("AttachmentRejected", _ATTACHED),
        )
    },
    FailureKind.TEMPORARY: {
        "Permanent.MailboxFull": _FULL,
        "Transient": _LATER,
        "Transient.General": _LATER,
        "Transient.MailboxFull": _FULL,
        "Transient.NoEmail": _LATER,
        "Transient.Undetermined": _LATER,
    },
    FailureKind.NOT_SET_UP: {
        "reached_daily_quota": (
            "The Resend account has sent all that its plan allows for today: send it tomorrow, or "
            "choose a larger plan at resend.com/settings/billing."
        ),
        "canceled": "Somebody canceled it at Resend: ask who uses the account.",
    },
    FailureKind.UNEXPLAINED: {
        "Undetermined": _SILENT,
        "bounced": _SILENT,  # a look-up does not tell how
        "suppressed": "Resend sends nothing to this address: see why at resend.com/suppressions.",
        "failed": "Resend could not send it: see why at resend.com/emails.",
    },
}


def _failures() -> Iterator[tuple[str, Failure]]:
    for kind, sentences in _BY_KIND.items():
        for code, sentence in sentences.items():
            yield code, Failure(kind=kind, sentence=sentence)


FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(dict(_failures()))
"""
By code: of a bounce ``type.subType``, of a failure its reason, else the event's own word.

From Resend's OpenAPI file 1.5.0, August 2026, and resend.com/docs/webhooks, November 2026.
"""


def bounce_code(kind: str, why: str) -> str:
    """Return the code of a bounce of a type and a subtype, of which there may be new ones."""
    code = f"{kind}.{why}"
    return code if code in FAILURES else kind
