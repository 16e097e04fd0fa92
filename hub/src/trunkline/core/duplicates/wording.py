"""What a duplicate says: the same, and whom it was to or who wrote it."""

from dataclasses import replace

from trunkline.core.channels.email import MOST_SUBJECT
from trunkline.core.channels.sms import MAX_SMS_CHARACTERS
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Direction, Message


def mirrored_text(message: Message, content: Content) -> Content:
    """Return a text as it is mirrored to a number: cut if it must be, its files only counted."""
    inbound = message.direction is Direction.INBOUND
    who = f"From {message.from_address}" if inbound else f"To {message.to_address}"
    text = f"{who}: {content.body}".rstrip()
    files = message.media_count
    more = "" if not files else " (1 file)" if files == 1 else f" ({files} files)"
    return Content(body=text[: MAX_SMS_CHARACTERS - len(more)] + more)


def copied_mail(message: Message, content: Content) -> Content:
    """Return a mail as its copy says it, with its attachments and to nobody else."""
    subject = f"Copy of a mail to {message.to_address}: {content.subject}"
    return replace(
        content,
        subject=subject[:MOST_SUBJECT],
        cc=(),
        bcc=(),
        reply_to=None,
        sender_name=None,
        choices=(),
        template=None,
        template_values=(),
        language=None,
        at_providers=(),
        made_of=None,
    )
