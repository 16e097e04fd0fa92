"""Mails as the page and scripts see them."""

from trunkline.sdk import Attachment
from trunkline_demo.inputs import timestamp
from trunkline_demo.mailbox import Kept


def shown_mail(kept: Kept, owner: str) -> dict[str, object]:
    """Render a mail in the hub's own message shape, as the mailbox's owner sees it."""
    mail, said = kept.mail, kept.mail.said
    is_own = not kept.is_inbound
    shown: dict[str, object] = {
        "id": mail.id,
        "channel": "email",
        "direction": "outbound" if is_own else "inbound",
        "from": mail.sender,
        "fromName": said.sender_name,
        "to": mail.recipients[0],
        "answerTo": other_side(kept),
        "cc": said.cc,
        "subject": said.subject,
        "body": said.text,
        "bodyState": "kept",
        "html": said.html is not None,
        "attachments": [_file(each) for each in mail.files],
        "timestamp": timestamp(mail.written_at),
        "status": kept.status,
        "cost": None,
        "read": False,
        "untrusted": False,
        "messageId": said.message_id,
        "inReplyTo": said.in_reply_to,
        "references": said.references,
        "threadId": mail.thread,
    }
    if is_own and mail.hidden:  # nobody else is to know of them
        shown["bcc"] = mail.hidden
    if not is_own and owner.casefold() in {each.casefold() for each in mail.hidden}:
        shown["hiddenCopy"] = True
    if said.auto:
        shown["automatic"] = True
    if kept.reason:
        shown["reason"] = kept.reason
    return shown


def other_side(kept: Kept) -> str:
    """Return where an answer to a mail goes, of an own one where it went."""
    mail = kept.mail
    return (mail.said.reply_to or mail.sender) if kept.is_inbound else mail.recipients[0]


def _file(file: Attachment) -> dict[str, object]:
    return {"name": file.name, "type": file.content_type, "url": file.url}
