"""What every e-mail adapter must do, whoever wrote it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    DeliveryStatus,
    EmailProvider,
    FailureKind,
    OutcomeUnknown,
    ProviderError,
    ProviderSpec,
    Receipt,
    Received,
    ReceivedEmail,
    Rejected,
    Reported,
)
from trunkline.testing.contents import replaced_content
from trunkline.testing.mails import SUBJECTS, BaseMailSendingConformance
from trunkline.testing.providers import DROPS, UNREADABLE

_TROUBLES: Final = {
    "bounced": FailureKind.UNREACHABLE,
    "bounced_for_now": FailureKind.TEMPORARY,
    "complained": FailureKind.OPTED_OUT,
}
_SHOWN: Final = ("answer", "attachments", "html_only", "automatic")
_FAILURES: Final = ["rate_limited", "bad_credentials", "server_error", *DROPS]


class BaseEmailConformance(BaseMailSendingConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    They are those of `BaseMessageConformance`, and:

    Attributes:
        sends_as: Attributes of `OutboundEmail`; ``media``, ``media_name`` and ``media_type`` are
            the URL or the content, the name and the type of a file. Headers need no line here: they
            are looked for by their own names.
        webhooks: Besides ``email_received``, ``status_reported`` (of the mail that was
            ``accepted``) and ``unknown_status`` those that the vendor tells: ``answer`` (to a mail,
            with its ids), ``attachments``, ``html_only``, ``automatic`` (an out-of-office note),
            ``bounced`` (for ever), ``bounced_for_now`` and ``complained``.
        answers: ``completed``, where a webhook only announces a mail: what `complete` is answered
            of ``email_received``, a tuple if it asks several times; its meaning is the whole mail.
    """

    spec: ClassVar[ProviderSpec[EmailProvider, Any]]

    def shown(self, name: str) -> ReceivedEmail:
        """Return the one mail that a webhook, or the answers about it, tell of."""
        self.needs(self.abilities.receive)
        self.needs_place(name)
        assert name in self.means, f"`webhooks` lacks {name}; or say in `left_out` why"
        (mail,) = self.events(name)
        assert isinstance(mail, ReceivedEmail), "tell of mails as `ReceivedEmail`"
        return mail

    def mails(self) -> Sequence[ReceivedEmail]:
        """Return every mail that the vendor tells of."""
        told = [*(event for name in self.webhooks for event in self.events(name))]
        if "completed" in self.means:
            told.append(self.meaning("completed"))
        return [event for event in told if isinstance(event, ReceivedEmail)]

    def came_along(self, event: Received) -> bool:
        """Tell whether a file came along with a mail."""
        return isinstance(event, ReceivedEmail) and bool(event.attachments)

    # --- what comes in ----------------------------------------------------------------------------

    def test_a_mail_that_came_is_told_as_a_mail(self) -> None:
        self.needs(self.abilities.receive)
        for name in self.webhooks:
            for event in self.told(name):
                assert not isinstance(event, Received) or isinstance(event, ReceivedEmail)

    def test_a_mail_that_came_has_its_own_id(self) -> None:
        mail = self.shown("email_received")

        assert mail.message_id
        assert mail.message_id.startswith("<")
        assert mail.message_id.endswith(">")
        assert mail.sender.count("@") == mail.recipient.count("@") == 1, "addresses without names"

    @pytest.mark.parametrize("what", _SHOWN)
    def test_the_webhooks_show_what_mails_may_have(self, what: str) -> None:
        self.needs(self.abilities.receive)
        self.needs_place(what)
        shows = {
            "answer": lambda each: each.in_reply_to and each.in_reply_to in each.references,
            "attachments": lambda each: any(it.name and it.content_type for it in each.attachments),
            "html_only": lambda each: each.html and not each.body,
            "automatic": lambda each: each.auto,
        }[what]

        assert any(map(shows, self.mails())), (
            f"`webhooks` shows no {what}; or say in `left_out` why"
        )

    def test_an_attachment_that_came_has_a_bare_type(self) -> None:
        self.needs(self.abilities.receive)
        for mail in self.mails():
            for each in mail.attachments:
                assert each.content_type == each.content_type.lower().partition(";")[0].strip()

    @pytest.mark.parametrize("subject", SUBJECTS)
    def test_a_subject_that_came_is_whole(self, subject: str) -> None:
        adapter, request = self.webhook("email_received")
        shown = self.shown("email_received")
        changed = replaced_content(request.body, shown.subject, SUBJECTS[subject])
        if changed == replaced_content(request.body, shown.subject, shown.subject):
            pytest.skip("its subject does not stand in the request as it is")

        (event,) = adapter.parse(replace(request, body=changed))

        assert event == replace(shown, subject=SUBJECTS[subject])

    # --- what became of mails ---------------------------------------------------------------------

    @pytest.mark.parametrize("trouble", _TROUBLES)
    def test_a_bounce_and_a_complaint_close_an_address_or_do_not(self, trouble: str) -> None:
        self.needs(self.abilities.report)
        self.needs_place(trouble)
        assert trouble in self.webhooks, f"`webhooks` lacks {trouble}; or say in `left_out` why"

        reports = [each for each in self.told(trouble) if isinstance(each, Reported)]

        assert reports
        for each in reports:
            code = each.error_code or ""
            assert code in self.spec.failures, "a code of the spec's failures says it"
            assert self.spec.failures[code].kind is _TROUBLES[trouble]
            assert each.status is DeliveryStatus.FAILED or trouble != "bounced"

    def test_a_report_names_the_mail_as_its_receipt_does(self) -> None:
        self.needs(self.abilities.send)
        self.needs(self.abilities.report)
        receipt = self.attempt(self.answer("accepted")).outcome
        assert isinstance(receipt, Receipt)

        reports = [each for each in self.told("status_reported") if isinstance(each, Reported)]

        assert [each.provider_id for each in reports] == [receipt.provider_id]

    # --- what was only announced ------------------------------------------------------------------

    def needs_completing(self) -> None:
        """Skip the test that calls this unless a webhook only announces a mail."""
        announced = any(each.incomplete for name in self.webhooks for each in self.told_mails(name))
        assert announced == ("completed" in self.answers), "`answers` lacks completed, or has it"
        if not announced:
            pytest.skip(f"{self.spec.name} tells of mails whole")

    def told_mails(self, name: str) -> Sequence[Received]:
        """Return the mails of `events`."""
        return [each for each in self.events(name) if isinstance(each, Received)]

    def test_what_was_only_announced_is_completed(self) -> None:
        self.needs_completing()
        (announced,) = self.told("email_received")

        attempt = self.asked(self.answers["completed"], lambda each: each.complete(announced))

        assert attempt.outcome == self.meaning("completed")
        assert isinstance(attempt.outcome, ReceivedEmail)
        assert not attempt.outcome.incomplete
        assert attempt.outcome.external_id == announced.external_id

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_what_cannot_be_completed_now_does_not_pass_for_an_empty_mail(
        self, scenario: str
    ) -> None:
        self.needs_completing()
        (announced,) = self.told("email_received")

        attempt = self.asked(self.answer(scenario), lambda each: each.complete(announced))

        assert isinstance(attempt.outcome, ProviderError)
        assert not isinstance(attempt.outcome, Rejected), "it is there still"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_not_found_by_somebody_else_never_proves_that_a_mail_is_lost(self, body: bytes) -> None:
        self.needs_completing()
        if "not_found" not in self.answers or self.canned("not_found").json is None:
            pytest.skip("the vendor itself says it without words, or never says it")
        (announced,) = self.told("email_received")
        another = replace(self.canned("not_found"), json=None, content=body)

        outcome = self.asked(another, lambda each: each.complete(announced)).outcome

        assert isinstance(outcome, ProviderError)
        assert not isinstance(outcome, Rejected), "a proxy says so too: it may be there still"

    @pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b"{}"])
    def test_what_cannot_be_read_does_not_complete_a_mail(self, body: bytes) -> None:
        self.needs_completing()
        (announced,) = self.told("email_received")
        first = self.answers["completed"]
        first = first[0] if isinstance(first, tuple | list) else first
        garbled = replace(first, json=None, content=body)

        outcome = self.asked(garbled, lambda each: each.complete(announced)).outcome

        assert isinstance(outcome, OutcomeUnknown)
