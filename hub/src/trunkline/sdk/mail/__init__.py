"""Mails as bytes: reading what strangers send, and writing what servers take.

Import it where you need it: `trunkline.sdk` itself does not, so that a start stays quick.
"""

from trunkline.sdk.mail.addresses import Mailbox, address_key, ascii_domain, is_address, mailboxes
from trunkline.sdk.mail.quotes import new_text
from trunkline.sdk.mail.reading import MailFile, MailingList, ReadMail, read_mail
from trunkline.sdk.mail.reports import Bounce, Complaint
from trunkline.sdk.mail.structure import Flaw
from trunkline.sdk.mail.threads import (
    Claim,
    Conversation,
    ancestors,
    canonical_subject,
    claim,
    reply_subject,
)
from trunkline.sdk.mail.words import file_name
from trunkline.sdk.mail.writing import Enclosure, needs_smtputf8, new_message_id, written

__all__ = [
    "Bounce",
    "Claim",
    "Complaint",
    "Conversation",
    "Enclosure",
    "Flaw",
    "MailFile",
    "Mailbox",
    "MailingList",
    "ReadMail",
    "address_key",
    "ancestors",
    "ascii_domain",
    "canonical_subject",
    "claim",
    "file_name",
    "is_address",
    "mailboxes",
    "needs_smtputf8",
    "new_message_id",
    "new_text",
    "read_mail",
    "reply_subject",
    "written",
]
