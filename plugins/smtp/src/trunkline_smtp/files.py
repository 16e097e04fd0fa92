"""Files of mails in the mailbox: named by where they are, and read when the hub asks for them."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Self

from trunkline.sdk import OutcomeUnknown, Rejected, RetryLater
from trunkline.sdk.mail import MailFile, read_mail
from trunkline_smtp.config import SmtpConfig
from trunkline_smtp.imap import Lost, Mailbox
from trunkline_smtp.listening import in_a_thread

_URL: Final = re.compile(r"imap:(\d{1,10}):(\d{1,10}):(\d{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file is: the mailbox's UIDVALIDITY, the mail's UID, which of its files it is."""

    validity: int
    uid: int
    number: int

    @classmethod
    def read(cls, url: str) -> Self:
        """Return what a URL of `events_of` says; `Rejected` of anything else."""
        found = _URL.fullmatch(url)
        if found is None:
            raise Rejected("It is no file of a mail in a mailbox.")
        validity, uid, number = map(int, found.groups())
        return cls(validity=validity, uid=uid, number=number)


async def read_file(
    config: SmtpConfig, tls: ssl.SSLContext, url: str
) -> AsyncGenerator[bytes, None]:
    """
    Read one file over a connection of its own.

    The whole mail is in memory meanwhile, as it was when it came in.

    Raises:
        RetryLater: The mailbox could not be reached.
        OutcomeUnknown: The connection broke.
        Rejected: The mail is gone, or the mailbox has numbered its mails anew.
    """
    place = Place.read(url)
    raw = await _mail(config, tls, place)
    for piece in (await asyncio.to_thread(_file, raw, place.number)).pieces():
        yield piece


async def _mail(config: SmtpConfig, tls: ssl.SSLContext, place: Place) -> bytes:
    async with in_a_thread(Mailbox(config, tls)) as (mailbox, ask):
        try:
            opened = await ask(mailbox.open)
        except Lost as error:
            raise RetryLater("The mailbox could not be reached.", unavailable=True) from error
        if opened.validity != place.validity:
            raise Rejected("The mailbox numbers its mails anew: nobody knows which one it was.")
        most_bytes = config.max_received_bytes
        try:
            raw = await ask(lambda: mailbox.fetch(place.uid, most_bytes + 1))
        except Lost as error:
            raise OutcomeUnknown("The mailbox hung up, or was too slow.") from error
    if raw is None:
        raise Rejected("The mail is not in the mailbox any more.")
    if len(raw) > most_bytes:
        raise Rejected("The mail is larger than max_received_mb.")
    return raw


def _file(raw: bytes, number: int) -> MailFile:
    files = read_mail(raw).files
    if number >= len(files):
        raise OutcomeUnknown("The server gives less of the mail than it did.")
    return files[number]
