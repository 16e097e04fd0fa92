"""Mistakes in sending texts."""

from typing import Final

from tests.unseen.mutant import Mutant

WHOLE: Final = "test_a_text_reaches_the_vendor_whole_and_in_its_fields"
PRIVATE: Final = "test_nothing_private_appears_in_an_error_or_in_the_log"
BASE_URL: Final = "test_every_request_goes_to_the_base_url_of_the_settings"
COUNTS: Final = "test_every_letter_of_what_an_operator_fills_in_counts"
CONTEXT: Final = "test_time_and_chance_come_from_the_context"
KEY: Final = "test_a_key_that_the_vendor_goes_by_reaches_it"
MEDIA: Final = "test_every_medium_reaches_the_vendor_by_its_url"
NO_ID: Final = "test_an_acceptance_without_an_id_is_an_unknown_outcome"
URL: Final = "test_a_signature_is_of_the_url_that_was_called"
_POST: Final = "response = await self._http.post(self._url, json=dispatch, headers=self._headers)"
_GET: Final = "return await self._http.get(url, headers=self._headers)"
_RECEIPT: Final = "return sdk.Receipt(provider_id=taken.ref, status=sdk.DeliveryStatus.SENT)"
_PARTIES: Final = '{"origin": sms.sender, "destination": sms.recipient}'
_ATTACHED: Final = '[{"href": m.url} for m in sms.media]'

SENDING: Final = [
    Mutant(
        "It sends to numbers of one country only",
        _PARTIES,
        '{"origin": sms.sender, "destination": "+1" + sms.recipient[-10:]}',
        "test_another_text_to_another_recipient_is_another_request",
    ),
    Mutant(
        "It takes every success for an acceptance",
        "class _Taken(_Read):\n    dispatch: _Ref",
        'class _Taken(_Read):\n    dispatch: _Ref = _Ref(ref="none", stage="none")',
        "test_a_refusal_under_the_status_of_a_success_is_no_receipt",
    ),
    Mutant(
        "It sends to the vendor whatever base_url says",
        'f"{config.base_url}/v3/dispatches"',
        '"https://api.heliograph.example/v3/dispatches"',
        BASE_URL,
    ),
    Mutant("It strips texts", '"text": sms.body,', '"text": sms.body.strip(),', WHOLE),
    Mutant("It strips the end of texts", '"text": sms.body,', '"text": sms.body.rstrip(),', WHOLE),
    Mutant(
        "It cuts texts to 1,000 characters", '"text": sms.body,', '"text": sms.body[:1000],', WHOLE
    ),
    Mutant(
        "It joins the lines of texts",
        '"text": sms.body,',
        '"text": " ".join(sms.body.splitlines()),',
        WHOLE,
    ),
    Mutant(
        "It drops emoji and accents",
        '"text": sms.body,',
        '"text": sms.body.encode("ascii", "ignore").decode(),',
        WHOLE,
    ),
    Mutant(
        "It swaps sender and recipient",
        _PARTIES,
        '{"origin": sms.recipient, "destination": sms.sender}',
        WHOLE,
    ),
    Mutant(
        "It sends from the recipient to the recipient",
        _PARTIES,
        '{"origin": sms.recipient, "destination": sms.recipient}',
        WHOLE,
    ),
    Mutant(
        "It cuts keys to 32 characters", "sms.idempotency_key,", "sms.idempotency_key[:32],", KEY
    ),
    Mutant(
        "It makes a key of its own for each attempt",
        "sms.idempotency_key,",
        'str(__import__("uuid").uuid4()),',
        KEY,
    ),
    Mutant(
        "It derives keys from the text",
        "sms.idempotency_key,",
        "hashlib.sha256(sms.body.encode()).hexdigest()[:36],",
        KEY,
    ),
    Mutant(
        "It takes the machine's time",
        "        if sms.status_url is not None:",
        '        dispatch["sent_at"] = datetime.now().isoformat()\n'
        "        if sms.status_url is not None:",
        CONTEXT,
    ),
    Mutant(
        "It takes the machine's time in whole seconds",
        "        if sms.status_url is not None:",
        '        dispatch["sent_at"] = int(__import__("time").time())\n'
        "        if sms.status_url is not None:",
        CONTEXT,
    ),
    Mutant(
        "It adds a random number",
        "        if sms.status_url is not None:",
        '        dispatch["nonce"] = __import__("secrets").token_hex()\n'
        "        if sms.status_url is not None:",
        CONTEXT,
    ),
    Mutant(
        "It passes on that there is no status URL as text",
        '        if sms.status_url is not None:\n            dispatch["notify"] = sms.status_url',
        '        dispatch["notify"] = str(sms.status_url)',
        "test_a_status_url_that_there_is_not_is_not_sent",
    ),
    Mutant(
        "It drops the query of the status URL",
        'dispatch["notify"] = sms.status_url',
        'dispatch["notify"] = sms.status_url.partition("?")[0]',
        WHOLE,
    ),
    Mutant(
        "It passes no status URL on",
        'dispatch["notify"] = sms.status_url',
        "pass",
        "test_the_status_url_reaches_the_vendor_unchanged",
    ),
    Mutant("It sends the first medium only", _ATTACHED, f"{_ATTACHED}[:1]", MEDIA),
    Mutant("It turns the order of media around", _ATTACHED, f"{_ATTACHED}[::-1]", MEDIA),
    Mutant(
        "It retries by itself",
        _POST,
        f"{_POST}\n            if not response.is_success:\n                {_POST}",
        "test_one_attempt_is_one_request_whatever_comes_of_it",
    ),
    Mutant(
        "It retries lost connections",
        f'with sdk.transport_errors("Heliograph"):\n            {_POST}',
        'with sdk.transport_errors("Heliograph"):\n            try:\n'
        f"                {_POST}\n            except httpx2.TransportError:\n"
        f"                {_POST}",
        "test_one_attempt_is_one_request_whatever_comes_of_it",
    ),
    Mutant(
        "It lets errors of the wire through",
        'with sdk.transport_errors("Heliograph"):\n            response',
        "if True:\n            response",
        "test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again",
    ),
    Mutant(
        "It follows redirections with the key",
        _POST,
        _POST.replace("headers=", "follow_redirects=True, headers="),
        "test_a_redirection_is_not_followed_with_the_credentials",
    ),
    Mutant(
        "It follows redirections of look-ups",
        _GET,
        _GET.replace("headers=", "follow_redirects=True, headers="),
        "test_a_redirection_is_not_followed_with_the_credentials",
    ),
    Mutant(
        "It puts the key into the URL",
        'f"{config.base_url}/v3/account"',
        'f"{config.base_url}/v3/account?key={config.key.get_secret_value()}"',
        "test_no_credentials_stand_in_a_url",
    ),
    Mutant(
        "It puts the key into the URL of a send",
        'f"{config.base_url}/v3/dispatches"',
        'f"{config.base_url}/v3/dispatches?k={config.key.get_secret_value()}"',
        "test_no_credentials_stand_in_a_url",
    ),
    Mutant("It forgets the account", '"helio-account": config.account, ', "", COUNTS),
    Mutant(
        "It cuts the key",
        "key = config.key.get_secret_value()",
        "key = config.key.get_secret_value()[:24]",
        COUNTS,
    ),
    Mutant(
        "It logs the recipient",
        "        taken = _read(_Taken, response).dispatch",
        '        self._log.info("sms.sent", to=sms.recipient)\n'
        "        taken = _read(_Taken, response).dispatch",
        PRIVATE,
    ),
    Mutant(
        "It tells the key in an error",
        'sdk.AuthFailed("Heliograph refused the key."',
        'sdk.AuthFailed(f"Heliograph refused {response.request.headers}"',
        "test_a_refusal_that_cannot_be_read_is_still_the_providers",
    ),
    Mutant(
        "It passes on what the vendor says of the number",
        'return error(f"Heliograph refused it ({status}).", provider_code=tag)',
        "return error(response.text, provider_code=tag)",
        PRIVATE,
    ),
    Mutant(
        "It says that a taken text was delivered",
        _RECEIPT,
        _RECEIPT.replace("SENT", "DELIVERED"),
        "test_an_accepted_text_yields_the_providers_id",
    ),
    Mutant(
        "It takes its own key for the vendor's id",
        _RECEIPT,
        _RECEIPT.replace("taken.ref", "sms.idempotency_key"),
        "test_an_accepted_text_yields_the_providers_id",
    ),
    Mutant(
        "It keeps the text being sent in one place for all",
        _POST,
        "self._dispatch = dispatch\n            await __import__('asyncio').sleep(0)\n"
        f"            {_POST.replace('json=dispatch', 'json=self._dispatch')}",
        "test_texts_sent_at_once_are_not_mixed_up",
    ),
    Mutant(
        "It makes up an id where the vendor gives none",
        "ref: str = Field(min_length=1)\n    stage: str = Field(min_length=1)",
        'ref: str | None = "none"\n    stage: str = Field(min_length=1)',
        NO_ID,
    ),
    Mutant(
        "It takes an empty id",
        "ref: str = Field(min_length=1)\n    stage",
        "ref: str\n    stage",
        NO_ID,
    ),
    Mutant(
        "It says that a rejected acceptance was never sent",
        'sdk.OutcomeUnknown("Heliograph\'s answer cannot be read.")',
        'sdk.Rejected("Heliograph\'s answer cannot be read.")',
        "test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome",
    ),
    Mutant(
        "It blocks the event loop",
        "        taken = _read(_Taken, response).dispatch",
        '        __import__("time").sleep(0.12)\n        taken = _read(_Taken, response).dispatch',
        "test_sending_never_blocks_the_event_loop",
    ),
]
