"""A mail as bytes."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from trunkline.sdk import OutboundEmail
from trunkline_smtp.attachments import File

_POLICY = SMTP.clone(cte_type="7bit")  # whatever a server offers, it takes that


def written(mail: OutboundEmail, files: Sequence[File]) -> bytes:
    """
    Return a mail as it goes over the wire; of its recipients only `bcc` stands nowhere in it.

    Raises:
        ValueError: Something of it cannot stand in a header.
    """
    message = EmailMessage(_POLICY)
    message["From"] = Address(mail.sender_name or "", addr_spec=mail.sender)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    if mail.cc:
        message["Cc"] = ", ".join(mail.cc)
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
    if mail.references:
        message["References"] = " ".join(mail.references)
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.body)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for file in files:
        kind, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)
    return message.as_bytes()
