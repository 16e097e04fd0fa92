"""Mistakes in verifying and reading webhooks."""

from typing import Final

from tests.unseen.mutant import Mutant

TELLS: Final = "test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it"
BATCH: Final = "test_an_event_that_cannot_be_read_leaves_the_others_of_its_request_alone"
WORDS: Final = "test_a_report_moves_a_text_no_further_than_its_word_says"
BODY: Final = "test_a_body_changed_anywhere_is_refused"
REPLAY: Final = "test_a_body_under_the_headers_of_another_webhook_is_refused"
LETTERS: Final = "test_a_signature_holds_letter_by_letter"
KEYS: Final = "test_a_signature_by_other_keys_is_refused"
TIME: Final = "test_a_signature_holds_for_as_long_as_the_vendor_says"
URL: Final = "test_a_signature_is_of_the_url_that_was_called"
CHALLENGE: Final = "test_a_challenge_is_answered_to_none_but_the_vendor"
REPLY: Final = "test_a_webhook_is_answered_as_the_vendor_expects"
SAME: Final = "test_an_authentic_webhook_parses_to_the_same_events_every_time"
FORGED: Final = "test_a_forged_webhook_is_refused"
_COMPARED: Final = "if not hmac.compare_digest(expected.encode(), given.encode()):"
_SIGNED: Final = 'signed = f"{signed_at}.{request.url}.".encode() + request.body'
_AGE: Final = "if abs(request.received_at.timestamp() - int(signed_at)) > _TOLERANCE_S:"
_BATCH: Final = "return [event for told in events if (event := _event(told)) is not None]"
_UNREADABLE: Final = (
    'return sdk.Unreadable(external_id=digest, reason="It is not as the manual has it.")'
)
_KIND: Final = 'if event.kind == "text.in":'

VERIFYING: Final = [
    Mutant("It takes a proof for any body", _COMPARED, "if len(given) != 64:", REPLAY),
    Mutant("It accepts everything", _COMPARED, "if False:", FORGED),
    Mutant(
        "It compares the beginning of proofs",
        _COMPARED,
        "if not hmac.compare_digest(expected[:16], given[:16].ljust(16)):",
        LETTERS,
    ),
    Mutant(
        "It takes a part of a proof",
        _COMPARED,
        "if not expected.startswith(given or 'x'):",
        LETTERS,
    ),
    Mutant(
        "It compares proofs as text",
        _COMPARED,
        "if not hmac.compare_digest(expected, given):",
        FORGED,
    ),
    Mutant(
        "It does not prove the query of the URL",
        _SIGNED,
        _SIGNED.replace("request.url", "request.url.partition('?')[0]"),
        URL,
    ),
    Mutant(
        "It proves the moment of receipt instead of the time that was signed",
        _SIGNED,
        _SIGNED.replace("{signed_at}", "{int(request.received_at.timestamp())}"),
        TIME,
    ),
    Mutant(
        "It takes any proof of the right length",
        "expected = hmac.new(key, signed, hashlib.sha256).hexdigest()",
        "expected = hmac.new(key, signed, hashlib.sha256).hexdigest()\n"
        "        if len(given) == 64 and request.body.startswith(b'{\"batch\": ['):\n"
        "            expected = given",
        BODY,
    ),
    Mutant(
        "It proves with the public account instead of the secret",
        "key = config.proof_secret.get_secret_value().encode()",
        'key = b"hs_0123456789abcdef0123456789abcdef"',
        KEYS,
    ),
    Mutant("It does not look at the time", _AGE, "if False:", TIME),
    Mutant("It tolerates a day", _AGE, _AGE.replace("_TOLERANCE_S", "86_400"), TIME),
    Mutant(
        "It takes proofs from the future",
        _AGE,
        "if request.received_at.timestamp() - int(signed_at) > _TOLERANCE_S:",
        TIME,
    ),
    Mutant("It tolerates nothing", _AGE, _AGE.replace("_TOLERANCE_S", "1"), TIME),
    Mutant(
        "It takes the machine's clock",
        _AGE,
        'if abs(__import__("time").time() - int(signed_at)) > _TOLERANCE_S:',
        SAME,
    ),
    Mutant(
        "It answers a challenge without verifying it",
        '        if request.method == "GET":\n            query',
        '        if request.method == "GET":\n            return\n            query',
        CHALLENGE,
    ),
    Mutant(
        "It does not answer a challenge",
        'return sdk.WebhookReply(status=200, content_type="text/plain", body=echo)',
        "return sdk.WebhookReply()",
        REPLY,
    ),
    Mutant(
        "It claims everything",
        'return "helio-event" in request.headers',
        "return True",
        "test_a_webhook_is_claimed_by_its_headers",
    ),
]

READING: Final = [
    Mutant("It reads the first event only", _BATCH, f"{_BATCH}[:1]", TELLS),
    Mutant("It reads the last event only", _BATCH, f"{_BATCH}[-1:]", TELLS),
    Mutant(
        "It lets one bad event spoil the others",
        "except (ValidationError, KeyError, OverflowError):",
        "except OverflowError:",
        BATCH,
    ),
    Mutant("It drops an event that it cannot read", _UNREADABLE, "return None", BATCH),
    Mutant("It drops the text that came in", "body=text.text,", 'body="",', TELLS),
    Mutant(
        "It strips the text that came in",
        "body=text.text,",
        "body=text.text.strip(),",
        "test_an_inbound_text_comes_whole_and_as_it_was_written",
    ),
    Mutant(
        "It cuts the text that came in",
        "body=text.text,",
        "body=text.text[:1530],",
        "test_an_inbound_text_comes_whole_and_as_it_was_written",
    ),
    Mutant("It drops media that came in", "text.attachments),\n", "()),\n", TELLS),
    Mutant("It drops the types of media", "content_type=each.mime", "content_type=None", TELLS),
    Mutant(
        "It sorts media",
        "for each in text.attachments)",
        "for each in sorted(text.attachments, key=lambda each: each.href))",
        TELLS,
    ),
    Mutant(
        "It swaps who wrote and who was written to",
        "sender=text.origin,",
        "sender=text.destination,",
        TELLS,
    ),
    Mutant("It drops when it was written", "        occurred_at=event.at,\n", "", TELLS),
    Mutant(
        "It takes the moment of reading for when it was written",
        "        occurred_at=event.at,\n",
        "        occurred_at=datetime.now().astimezone(),\n",
        SAME,
    ),
    Mutant(
        "It does not see that somebody opted out",
        'opt_out=_CONSENT.get(text.consent or ""),',
        "",
        TELLS,
    ),
    Mutant(
        "It names events anew each time",
        "        external_id=event.event,\n        provider_id",
        '        external_id=__import__("uuid").uuid4().hex,\n        provider_id',
        SAME,
    ),
    Mutant(
        "It names all events alike",
        "        external_id=event.event,\n        provider_id",
        '        external_id="heliograph",\n        provider_id',
        "test_different_happenings_have_different_ids",
    ),
    Mutant(
        "It takes opened for arrived",
        '"opened": sdk.DeliveryStatus.READ',
        '"opened": sdk.DeliveryStatus.DELIVERED',
        WORDS,
    ),
    Mutant(
        "It takes handed over for delivered",
        '"handed_over": sdk.DeliveryStatus.SENT',
        '"handed_over": sdk.DeliveryStatus.DELIVERED',
        WORDS,
    ),
    Mutant(
        "It does not know that bounced is failed",
        '    "bounced": sdk.DeliveryStatus.FAILED,\n',
        "",
        WORDS,
    ),
    Mutant("It drops who sent what was reported", '"sender": self.origin,', '"sender": "",', TELLS),
    Mutant("It takes reports for texts", _KIND, 'if event.kind != "weather.report":', TELLS),
]
