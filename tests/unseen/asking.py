"""Mistakes in what answers mean, and in look-ups."""

from typing import Final

from tests.unseen.mutant import Mutant

TELLS: Final = "test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it"
FOUND: Final = "test_a_text_that_was_taken_is_found"
NONE: Final = "test_a_text_that_the_vendor_does_not_know_is_none"
NOT_THEIRS: Final = "test_not_found_by_somebody_else_never_proves_that_nothing_was_sent"
NOT_FOUND: Final = "test_a_look_up_that_fails_never_proves_that_nothing_was_sent"
REFUSAL: Final = "test_a_refusal_becomes_the_error_that_says_what_to_do"
CODE: Final = "test_a_refusal_passes_on_the_code_that_the_vendor_gave"
ACCOUNT: Final = "test_verifying_tells_of_the_account_and_sends_nothing"
_GET: Final = "return await self._http.get(url, headers=self._headers)"
_STATUS: Final = '"status": _STAGES.get(self.stage),'
_COST: Final = "-self.charge.micros if self.charge"
_TITLE: Final = "name=account.title,"
_SERVER: Final = 'return sdk.OutcomeUnknown(f"Heliograph answered {status}.", provider_code=tag)'

REFUSING: Final = [
    Mutant(
        "It forgets how long to wait",
        "wait_s = float(wait) if wait.isdecimal() else 1.0",
        "wait_s = 1.0",
        "test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait",
    ),
    Mutant(
        "It believes any wait",
        "wait_s = float(wait) if wait.isdecimal() else 1.0",
        "wait_s = float(wait)",
        "test_a_wait_that_cannot_be_read_is_still_a_time_to_wait",
    ),
    Mutant(
        "It reads a date to wait for by the machine's clock",
        "wait_s = float(wait) if wait.isdecimal() else 1.0",
        "wait_s = float(wait) if wait.isdecimal() else 1.0\n"
        "        from email.utils import parsedate_to_datetime as read\n"
        "        if wait.endswith('GMT'):\n"
        "            wait_s = max(0.0, (read(wait) - datetime.now().astimezone()).total_seconds())",
        "test_a_date_to_wait_for_is_read_by_the_clock_of_the_context",
    ),
    Mutant("It calls a rate limit a refusal", "if status == 429:", "if status == 428:", REFUSAL),
    Mutant(
        "It calls a broken server a safe failure",
        _SERVER,
        _SERVER.replace("OutcomeUnknown", "RetryLater"),
        REFUSAL,
    ),
    Mutant(
        "It drops the vendor's codes",
        "fault.tag\n    except",
        "fault.tag and None\n    except",
        CODE,
    ),
    Mutant("It does not know who opted out", '    "H-410": sdk.OptedOut,\n', "", CODE),
    Mutant("It takes an empty account for a bad text", '    "H-402": sdk.OutOfCredit,\n', "", CODE),
    Mutant(
        "It numbers its failures",
        '"H-320": sdk.Failure',
        "320: sdk.Failure",
        "test_the_failures_are_told_by_the_vendors_codes_as_texts",
    ),
    Mutant(
        "Its failures are of other codes",
        '"H-320": sdk.Failure',
        '"E-320": sdk.Failure',
        "test_the_webhooks_show_media_and_a_failure_where_the_spec_speaks_of_them",
    ),
]

LOOKING_UP: Final = [
    Mutant(
        "It does not declare the look-ups that it has",
        ', "lookup.by_id", "lookup.by_key"]',
        "]",
        "test_what_can_be_looked_up_is_declared",
    ),
    Mutant(
        "It takes every text that it looks up for failed",
        "**dispatch.facts(),",
        '**{**dispatch.facts(), "status": _STAGES.get(dispatch.stage) and "failed"},',
        "test_a_text_looked_up_got_no_further_than_its_word_says",
    ),
    Mutant(
        "It lets an account that it cannot read through as an error of its own",
        "_read(_Account, await self._get(self._account_url))",
        "_Account.model_validate_json((await self._get(self._account_url)).content)",
        "test_an_account_that_cannot_be_read_is_an_error_of_the_provider",
    ),
    Mutant(
        "It takes every 404 for none",
        'response.status_code == 404 and _tag(response) == "H-404"',
        "response.status_code == 404",
        NOT_THEIRS,
    ),
    Mutant(
        "It takes every refusal for none",
        'response.status_code == 404 and _tag(response) == "H-404"',
        "not response.is_success",
        NOT_FOUND,
    ),
    Mutant(
        "It calls a text that is not there an error",
        'response.status_code == 404 and _tag(response) == "H-404"',
        "False",
        NONE,
    ),
    Mutant(
        "It lets an id lead elsewhere",
        "f\"{self._url}/{quote(provider_id, safe='')}\"",
        'f"{self._url}/{provider_id}"',
        "test_a_text_is_looked_up_by_the_whole_of_what_names_it",
    ),
    Mutant(
        "It looks up by half of the key", "quote(key, safe='')", "quote(key[:18], safe='')", FOUND
    ),
    Mutant(
        "It takes what has no dispatches for none",
        "dispatches: tuple[_Dispatch, ...]\n",
        "dispatches: tuple[_Dispatch, ...] = ()\n",
        "test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent",
    ),
    Mutant(
        "It swaps the two addresses of a report",
        "recipient=dispatch.destination,\n        created",
        "recipient=dispatch.origin,\n        created",
        FOUND,
    ),
    Mutant("It drops when a text was taken", "created_at=dispatch.spooled_at,", "", FOUND),
    Mutant("It drops the text of a report", "        body=dispatch.text,\n", "", FOUND),
    Mutant("It miscounts media", "media_count=len(dispatch.attachments),", "media_count=0,", FOUND),
    Mutant(
        "It guesses a status that it does not know",
        _STATUS,
        '"status": _STAGES.get(self.stage, sdk.DeliveryStatus.SENT),',
        TELLS,
    ),
    Mutant(
        "It strips the text of a report",
        "body=dispatch.text,",
        "body=dispatch.text.strip(),",
        FOUND,
    ),
    Mutant("It tells a price below zero", _COST, "self.charge.micros if self.charge", FOUND),
    Mutant(
        "It tells prices in thousandths",
        "round(self.amount * sdk.MICROS)",
        "round(self.amount * 1000)",
        FOUND,
    ),
    Mutant(
        "It takes every price for dollars",
        '"currency": self.charge.currency if self.charge',
        '"currency": "USD" if self.charge',
        FOUND,
    ),
    Mutant(
        "It drops the code of a failure",
        '"error_code": self.fault.tag if self.fault else None,',
        '"error_code": None,',
        FOUND,
    ),
    Mutant(
        "It retries look-ups",
        f"            {_GET}",
        "            response = await self._http.get(url, headers=self._headers)\n"
        f"            if response.is_success:\n                return response\n            {_GET}",
        NOT_FOUND,
    ),
    Mutant(
        "It vouches for any credentials",
        "account = _read(_Account, await self._get(self._account_url))",
        "response = await self._get(self._account_url)\n"
        "        if response.status_code == 401:\n            return sdk.Account()\n"
        "        account = _read(_Account, response)",
        "test_verifying_never_vouches_for_credentials_that_were_not_taken",
    ),
    Mutant(
        "It asks for nothing to verify the account",
        "account = _read(_Account, await self._get(self._account_url))",
        'account = _Account(title="Lighthouse Ltd", sandbox=True, '
        'credit=_Money(amount=Decimal("12.5"), currency="EUR"))',
        ACCOUNT,
    ),
    Mutant(
        "It does not warn of a sandbox", "if account.sandbox else ()", "if False else ()", ACCOUNT
    ),
    Mutant("It drops whose account it is", _TITLE, "", ACCOUNT),
]
