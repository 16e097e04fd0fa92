"""
What the codes of mail servers mean: in their refusals, and in the bounces that come later.

The enhanced codes of RFC 3463, RFC 7505 (x.1.10, x.7.27), RFC 7372 (x.7.20 to x.7.26) and IANA's
registry of them, read 2026-11-30; the three digits of RFC 5321 where a server gives no other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trunkline.sdk import Failure, FailureKind

COMPLAINED: Final = "complained"
"""The code of a complaint (RFC 5965), for which servers have none."""

_GONE, _REFUSED, _SETUP = FailureKind.UNREACHABLE, FailureKind.REFUSED, FailureKind.NOT_SET_UP
_LATER, _OTHER = FailureKind.TEMPORARY, FailureKind.UNEXPLAINED
_AUTHENTICATE: Final = "The recipient's host could not authenticate the sender's domain: set up "

_PERMANENT: Final[Mapping[str, tuple[FailureKind, str]]] = {
    "0.0": (_OTHER, "The mail server gives no reason."),
    "1.0": (_GONE, "Something about the address is wrong: check it."),
    "1.1": (_GONE, "There is no such mailbox: check the address."),
    "1.2": (_GONE, "There is no such mail domain: check the address."),
    "1.3": (_GONE, "The address is written wrongly."),
    "1.4": (_GONE, "The address belongs to several mailboxes."),
    "1.6": (_GONE, "The mailbox has moved and says not where to."),
    "1.7": (_SETUP, "The sender's address is written wrongly."),
    "1.8": (_SETUP, "The sender's mail domain does not exist or takes no mail."),
    "1.10": (_GONE, "The recipient's domain takes no mail at all."),
    "2.0": (_GONE, "Something about the recipient's mailbox is wrong."),
    "2.1": (_GONE, "The mailbox is switched off."),
    "2.2": (_LATER, "The mailbox is full: try again later."),
    "2.3": (_REFUSED, "The mail is larger than the mailbox takes."),
    "2.4": (_GONE, "The mailing list could not be expanded."),
    "3.0": (_OTHER, "Something about the recipient's mail system is wrong."),
    "3.2": (_LATER, "The recipient's mail system takes nothing at present."),
    "3.4": (_REFUSED, "The mail is larger than the mail system takes: send less along."),
    "4.0": (_OTHER, "The way to the recipient's mail system is broken."),
    "4.1": (_LATER, "The recipient's mail system did not answer."),
    "4.4": (_GONE, "There is no way to the recipient's mail domain: check the address."),
    "4.5": (_LATER, "The mail server takes no more at present, or of this account today."),
    "4.6": (_OTHER, "The mail went round in a circle: somebody forwards it wrongly."),
    "4.7": (_LATER, "The mail server tried for as long as it does, and gave up."),
    "5.0": (_OTHER, "The mail servers did not understand one another."),
    "5.2": (_OTHER, "The mail servers did not understand one another."),
    "5.3": (_REFUSED, "The mail has more recipients than the mail server takes."),
    "5.4": (_OTHER, "The mail servers did not understand one another."),
    "6.0": (_REFUSED, "The mail server does not take such content."),
    "6.1": (_REFUSED, "The mail server does not take such files."),
    "6.7": (_REFUSED, "The mail server takes no addresses with other letters than ASCII."),
    "7.0": (_REFUSED, "The mail server's policy refused the mail."),
    "7.1": (_REFUSED, "The mail server's policy refused the mail, or the sender may not use it."),
    "7.2": (_REFUSED, "The sender may not write to this mailing list."),
    "7.8": (_SETUP, "The mail server refused the user's name or password."),
    "7.9": (_SETUP, "The mail server wants another way to log in, such as an app password."),
    "7.20": (_SETUP, f"{_AUTHENTICATE}DKIM."),
    "7.21": (_SETUP, f"{_AUTHENTICATE}DKIM."),
    "7.22": (_SETUP, f"{_AUTHENTICATE}DKIM for the sender's own domain."),
    "7.23": (_SETUP, f"{_AUTHENTICATE}SPF."),
    "7.24": (_SETUP, f"{_AUTHENTICATE}SPF."),
    "7.25": (_SETUP, "The mail server's address has no name in DNS: set its PTR record."),
    "7.26": (_SETUP, f"{_AUTHENTICATE}SPF, DKIM and DMARC."),
    "7.27": (_SETUP, "The sender's domain takes no mail, so nobody takes mail from it."),
    "7.28": (_LATER, "The mail server takes it for a flood: send less at once."),
}
_BASIC: Final[Mapping[str, tuple[FailureKind, str]]] = {
    "530": (_SETUP, "The mail server wants a log-in first: set user and password."),
    "534": (_SETUP, "The mail server wants another way to log in, such as an app password."),
    "535": (_SETUP, "The mail server refused the user's name or password."),
    "550": (_GONE, "The mailbox does not exist or takes no mail from this sender."),
    "551": (_GONE, "The mailbox is elsewhere, and the mail server passes nothing on."),
    "552": (_REFUSED, "The mail is larger than the mail server takes."),
    "553": (_GONE, "The mail server does not take the address."),
    "554": (_REFUSED, "The mail server refused the mail and says no more than that."),
}


def _failures() -> dict[str, Failure]:
    table = {f"5.{code}": meaning for code, meaning in _PERMANENT.items()}
    table |= {f"4.{code}": (_LATER, sentence) for code, (_, sentence) in _PERMANENT.items()}
    table |= _BASIC
    table[COMPLAINED] = (
        FailureKind.OPTED_OUT,
        "The recipient reported the mail as unwanted: write nothing more to them.",
    )
    return {code: Failure(kind=kind, sentence=said) for code, (kind, said) in table.items()}


FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(_failures())
