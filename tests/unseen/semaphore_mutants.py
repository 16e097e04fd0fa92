"""Mistakes in the adapter of an e-mail vendor, and those that the suite does not find."""

from typing import Final

from tests.unseen.mutant import Mutant

WHOLE: Final = "test_a_text_reaches_the_vendor_whole_and_in_its_fields"
ALONE: Final = "test_a_mail_of_text_alone_gets_nothing_that_it_lacks"
TELLS: Final = "test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it"
INJECTED: Final = "test_no_field_of_a_mail_begins_another_header"
MEDIA: Final = "test_every_medium_reaches_the_vendor_by_its_url"
NAMED: Final = "test_a_file_keeps_its_name_and_its_type"
TROUBLE: Final = "test_a_bounce_and_a_complaint_close_an_address_or_do_not"
HIDDEN: Final = "test_a_hidden_copy_stands_where_no_recipient_sees_it"
_CC: Final = '"cc": list(mail.cc),'
_BCC: Final = '"bcc": list(mail.bcc),'
_HTML: Final = 'written["html"] = mail.html'
_REFUSE: Final = "sdk.refuse_line_breaks(mail)"
_HEADERS: Final = '"headers": dict(mail.headers),'

MUTANTS: Final = [
    Mutant("It drops copies", _CC, '"cc": [],', WHOLE),
    Mutant("It keeps one copy", _CC, '"cc": list(mail.cc[:1]),', WHOLE),
    Mutant("It drops hidden copies", _BCC, '"bcc": [],', WHOLE),
    Mutant("It shows hidden copies", _CC, '"cc": [*mail.cc, *mail.bcc],', WHOLE),
    Mutant(
        "It shows hidden copies in a header",
        _HEADERS,
        '"headers": {**mail.headers, "X-Copies": ",".join(mail.bcc)},',
        HIDDEN,
    ),
    Mutant(
        "It writes hidden copies into Bcc as well",
        _HEADERS,
        '"headers": {**mail.headers, "Bcc": ",".join(mail.bcc)},',
        HIDDEN,
    ),
    Mutant("It sends HTML without its text", '"text": mail.body,', '"text": "",', WHOLE),
    Mutant(
        "It leaves the text out where there is HTML",
        '"text": mail.body,',
        '"text": "" if mail.html else mail.body,',
        WHOLE,
    ),
    Mutant("It sends no HTML", _HTML, "pass", WHOLE),
    Mutant("It escapes HTML", _HTML, 'written["html"] = quote(mail.html)', WHOLE),
    Mutant(
        "It cuts HTML",
        _HTML,
        'written["html"] = mail.html[:5000]',
        "test_html_reaches_the_vendor_whole_and_its_text_with_it",
    ),
    Mutant(
        "It makes HTML of a text",
        "if mail.html is not None:\n            " + _HTML,
        'written["html"] = mail.html or f"<p>{mail.body}</p>"',
        ALONE,
    ),
    Mutant(
        "It encodes subjects itself",
        '"subject": mail.subject,',
        '"subject": mail.subject.encode("ascii", "replace").decode(),',
        WHOLE,
    ),
    Mutant(
        "It cuts subjects to a line of 78 characters",
        '"subject": mail.subject,',
        '"subject": mail.subject[:78],',
        "test_a_subject_reaches_the_vendor_whole",
    ),
    Mutant("It strips texts", '"text": mail.body,', '"text": mail.body.strip(),', WHOLE),
    Mutant("It lets the vendor name the mail", '"message_id": mail.message_id,', "", WHOLE),
    Mutant(
        "It names the mail without brackets",
        '"message_id": mail.message_id,',
        '"message_id": mail.message_id.strip("<>"),',
        WHOLE,
    ),
    Mutant(
        "It does not say what it answers",
        'written["in_reply_to"] = mail.in_reply_to',
        "pass",
        WHOLE,
    ),
    Mutant(
        "It keeps the last reference alone",
        '" ".join(mail.references)',
        "mail.references[-1]",
        WHOLE,
    ),
    Mutant(
        "It turns the references round",
        '" ".join(mail.references)',
        '" ".join(reversed(mail.references))',
        WHOLE,
    ),
    Mutant("It drops more headers", _HEADERS, '"headers": {},', WHOLE),
    Mutant(
        "It says of itself that it writes mails by hand",
        _HEADERS,
        '"headers": {**mail.headers, "Auto-Submitted": "no"},',
        WHOLE,
    ),
    Mutant("It takes answers itself", 'written["reply_to"] = mail.reply_to', "pass", WHOLE),
    Mutant("It sends without a name", 'written["from_name"] = mail.sender_name', "pass", WHOLE),
    Mutant(
        "It cuts a name at a comma",
        'written["from_name"] = mail.sender_name',
        'written["from_name"] = mail.sender_name.partition(",")[0]',
        "test_a_senders_name_is_quoted_where_it_holds_what_divides_addresses",
    ),
    Mutant(
        "It writes None where there is no name",
        "if mail.sender_name is not None:\n            written[",
        "if True:\n            mail = __import__('dataclasses').replace("
        "mail, sender_name=str(mail.sender_name))\n            written[",
        ALONE,
    ),
    Mutant("It lets line breaks through", _REFUSE, "pass", INJECTED),
    Mutant(
        "It takes line breaks out",
        _REFUSE,
        "mail = __import__('dataclasses').replace("
        "mail, subject=mail.subject.replace('\\r', '').replace('\\n', ''))",
        INJECTED,
    ),
    Mutant(
        "It looks at the subject alone",
        _REFUSE,
        "if {'\\r', '\\n'}.intersection(mail.subject): raise sdk.Rejected('A line break.')",
        INJECTED,
    ),
    Mutant(
        "It calls a line break a broken server",
        _REFUSE,
        "try:\n            sdk.refuse_line_breaks(mail)\n"
        "        except sdk.Rejected:\n            raise sdk.OutcomeUnknown('Odd.') from None",
        INJECTED,
    ),
    Mutant(
        "It leaves HTML out where there are files",
        "if mail.html is not None:",
        "if mail.html is not None and not mail.media:",
        "test_files_leave_the_rest_of_a_mail_alone",
    ),
    Mutant("It drops files", "for each in mail.media]", "for each in mail.media[:0]]", MEDIA),
    Mutant(
        "It attaches the first file",
        "for each in mail.media]",
        "for each in mail.media[:1]]",
        MEDIA,
    ),
    Mutant(
        "It attaches the file's address",
        "b64encode(response.content)",
        "b64encode(media.url.encode())",
        MEDIA,
    ),
    Mutant("It names files by number", '"filename": media.name,', '"filename": "1",', NAMED),
    Mutant(
        "It takes every file for bytes",
        '"mime": media.content_type,',
        '"mime": "application/octet-stream",',
        NAMED,
    ),
    Mutant(
        "It sends each copy as a mail of its own",
        "return sdk.Receipt(provider_id=_read(_Taken, response).mail)",
        "receipt = sdk.Receipt(provider_id=_read(_Taken, response).mail)\n"
        "        for _ in mail.cc:\n"
        "            await self._http.post(self._url, json=written, headers=self._headers)\n"
        "        return receipt",
        "test_copies_go_out_with_one_mail_and_one_send",
    ),
    Mutant(
        "It takes the Message-ID for the vendor's id",
        "sdk.Receipt(provider_id=_read(_Taken, response).mail)",
        "sdk.Receipt(provider_id=_read(_Taken, response).mail and mail.message_id)",
        "test_a_report_names_the_mail_as_its_receipt_does",
    ),
    Mutant(
        "It takes the header's recipient",
        "recipient=mail.envelope_to,",
        "recipient=mail.to[0],",
        TELLS,
    ),
    Mutant("It loses the id of what came", "message_id=mail.message_id,", "", TELLS),
    Mutant("It loses what an answer answers", "in_reply_to=mail.in_reply_to,", "", TELLS),
    Mutant(
        "It keeps the references in one",
        "tuple(mail.references.split())",
        "(mail.references,)",
        TELLS,
    ),
    Mutant(
        "It tells of HTML as text", "body=mail.text,", "body=mail.text or mail.html or '',", TELLS
    ),
    Mutant("It loses the HTML", "html=mail.html,", "", TELLS),
    Mutant("It answers where nobody reads", "reply_to=mail.reply_to,\n        to=", "to=", TELLS),
    Mutant("It takes programs for people", "auto=mail.auto,", "", TELLS),
    Mutant(
        "It vouches for every sender",
        'sdk.Verdict(mail.checks.get(name, "unknown"))',
        "sdk.Verdict.PASS",
        TELLS,
    ),
    Mutant(
        "It loses the names of files",
        "name=file.filename, content_type",
        "name=None, content_type",
        TELLS,
    ),
    Mutant(
        "It keeps what stands behind a type",
        'file.mime.lower().partition(";")[0].strip()',
        "file.mime",
        TELLS,
    ),
    Mutant(
        "It strips subjects that come",
        "subject=mail.subject,\n        sender_name",
        "subject=mail.subject.encode('ascii', 'ignore').decode(),\n        sender_name",
        "test_a_subject_that_came_is_whole",
    ),
    Mutant("It forgets why a mail bounced", "error_code=told.code,", "", TROUBLE),
    Mutant(
        "It writes on to whoever complained",
        '"spam": sdk.Failure(kind=sdk.FailureKind.OPTED_OUT',
        '"spam": sdk.Failure(kind=sdk.FailureKind.REFUSED',
        TROUBLE,
    ),
    Mutant(
        "It gives a full mailbox up",
        '"full": sdk.Failure(kind=sdk.FailureKind.TEMPORARY',
        '"full": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE',
        TROUBLE,
    ),
    Mutant(
        "It takes a bounce for a delay",
        '"no_mailbox": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE',
        '"no_mailbox": sdk.Failure(kind=sdk.FailureKind.TEMPORARY',
        TROUBLE,
    ),
    Mutant(
        "It tells of a mail as a text",
        "return [_received(event, _Mail.model_validate(event.data))]",
        "mail = _Mail.model_validate(event.data)\n            return [sdk.Received("
        "external_id=event.event, provider_id=mail.mail, sender=mail.sender, "
        "recipient=mail.envelope_to, body=mail.text)]",
        "test_a_mail_that_came_is_told_as_a_mail",
    ),
]

NOT_CAUGHT: Final = {
    Mutant(
        "It takes another path", "/v1/mails", "/v2/mails", ""
    ): "which path is right stands in the vendor's manual alone",
    Mutant(
        "It changes the ends of lines",
        '"text": mail.body,',
        '"text": mail.body.replace("\\r\\n", "\\n"),',
        "",
    ): "mails have line breaks of their own",
}
"""Mistakes that the suite does not find, and why."""
