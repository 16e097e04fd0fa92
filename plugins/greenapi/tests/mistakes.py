"""Mistakes in the adapter, and which test of the suite finds each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any, Final

import trunkline_greenapi
from plugins.greenapi.tests.suite import GreenApiSuite as Suite
from trunkline.sdk import Capability, OutcomeUnknown, ProviderSpec, Readiness

_SOURCE: Final = Path(trunkline_greenapi.__file__).parent


@dataclass(frozen=True, slots=True)
class Mistake:
    """`new` stands for `old` in `module`; `test` finds it when it is asked with `arguments`."""

    says: str
    module: str
    old: str
    new: str
    test: Callable[..., None]
    arguments: Sequence[object] = ()

    def spec(self, folder: Path, name: str, *, right: bool = False) -> ProviderSpec[Any, Any]:
        """Return the spec of a copy of the adapter with the mistake in it, or without."""
        package = folder / name
        package.mkdir()
        for path in _SOURCE.glob("*.py"):
            source = path.read_text("utf-8")
            if path.stem == self.module:
                assert source.count(self.old) == 1, f"{self.old!r} is not one place"
                source = source if right else source.replace(self.old, self.new)
            (package / path.name).write_text(source.replace("trunkline_greenapi", name), "utf-8")
        invalidate_caches()
        spec: ProviderSpec[Any, Any] = import_module(f"{name}.plugin").GREENAPI
        return spec


WHOLE = Suite.test_a_text_reaches_the_vendor_whole_and_in_its_fields
MEDIA = Suite.test_every_medium_reaches_the_vendor_by_its_url
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
PRIVATE = Suite.test_nothing_private_appears_in_an_error_or_in_the_log
NO_ID = Suite.test_an_acceptance_without_an_id_is_an_unknown_outcome
FORGED = Suite.test_a_forged_webhook_is_refused
MEANS = Suite.test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it
FAILED = Suite.test_a_look_up_that_fails_never_proves_that_nothing_was_sent
SINCE = Suite.test_a_list_is_of_what_was_taken_since_then
OFFERED = Suite.test_choices_reach_the_vendor_with_their_ids_and_labels
NOT_SHOWN = Suite.test_choices_that_cannot_be_shown_are_refused

MISTAKES: Final = [
    Mistake(
        "It cuts blanks",
        "whatsapp",
        '"message": message.body}',
        '"message": message.body.strip()}',
        WHOLE,
        ["blanks"],
    ),
    Mistake(
        "It writes to another kind of chat",
        "chats",
        ".removeprefix('+')}@c.us",
        ".removeprefix('+')}@s.us",
        WHOLE,
        ["emoji"],
    ),
    Mistake(
        "It writes to whoever has no number",
        "chats",
        "        raise Rejected(",
        '        return f"{recipient}@c.us"\n        raise Rejected(',
        Suite.test_a_person_without_a_number_is_written_to_by_their_id,
    ),
    Mistake(
        "It sends the first of several files",
        "whatsapp",
        "len(message.media) > 1",
        "len(message.media) > 9",
        Suite.test_more_media_than_the_vendor_takes_are_refused,
    ),
    Mistake(
        "It drops what stands under a file",
        "whatsapp",
        '"caption": message.body',
        '"caption": ""',
        MEDIA,
    ),
    Mistake("It renames files", "whatsapp", "medium.name or ", "", MEDIA),
    Mistake(
        "It quotes nothing",
        "whatsapp",
        "if message.quoted_id is None else",
        "if message.quoted_id else",
        WHOLE,
        ["emoji"],
    ),
    Mistake(
        "It sends choices as a text without them",
        "whatsapp",
        "    if message.choices:\n        return",
        "    if False:\n        return",
        OFFERED,
        [Capability.WHATSAPP_BUTTONS],
    ),
    Mistake(
        "It numbers buttons",
        "whatsapp",
        '"buttonId": each.id',
        '"buttonId": str(message.choices.index(each))',
        OFFERED,
        [Capability.WHATSAPP_BUTTONS],
    ),
    Mistake(
        "It offers more than can be shown",
        "whatsapp",
        " or shown_as(message.choices) is not Capability.WHATSAPP_BUTTONS",
        "",
        NOT_SHOWN,
        [Capability.WHATSAPP_BUTTONS, "many"],
    ),
    Mistake(
        "It offers in place of a file",
        "whatsapp",
        "if message.media or shown_as",
        "if shown_as",
        NOT_SHOWN,
        [Capability.WHATSAPP_BUTTONS, "media"],
    ),
    Mistake(
        "It does not know a tap",
        "webhooks",
        '    "interactiveButtonsResponse": WhatsAppContent.CHOICE,\n',
        "",
        MEANS,
        ["tapped"],
    ),
    Mistake(
        "It takes every success for a taken message",
        "answers",
        'alias="idMessage", min_length=1)\n\n\nclass State',
        'alias="idMessage")\n\n\nclass State',
        NO_ID,
        ["empty"],
    ),
    Mistake(
        "It calls a broken server a refusal",
        "errors",
        "not response.is_client_error or ",
        "",
        REFUSAL,
        ["server_error"],
    ),
    Mistake(
        "It calls a bad token a refused message",
        "errors",
        "401: (AuthFailed,",
        "401: (Rejected,",
        REFUSAL,
        ["bad_credentials"],
    ),
    Mistake(
        "It passes on what GREEN-API says",
        "errors",
        'f"GREEN-API refused it ({status})',
        'f"GREEN-API refused it ({response.text})',
        PRIVATE,
        ["bad_recipient"],
    ),
    Mistake(
        "It forgets the code",
        "errors",
        "return kind(sentence, provider_code=code)",
        "return kind(sentence)",
        Suite.test_a_refusal_passes_on_the_code_that_the_vendor_gave,
    ),
    Mistake(
        "It asks twice",
        "whatsapp",
        "        return Receipt(",
        "        _ = response.is_error and await self.send(message)\n        return Receipt(",
        Suite.test_one_attempt_is_one_request_whatever_comes_of_it,
        ["rate_limited"],
    ),
    Mistake(
        "It lists what is older",
        "whatsapp",
        "each.created_at >= since.replace(microsecond=0)",
        "True",
        SINCE,
    ),
    Mistake(
        "It lists what went to others",
        "answers",
        "return self.sent_by_api and is_same(self.chat_id, recipient)",
        "return True",
        Suite.test_a_list_is_of_the_two_addresses_that_were_asked_for,
    ),
    Mistake(
        "It takes a list that failed for an empty one",
        "api",
        "    if not response.is_success:\n        raise refusal(response)\n    try:",
        "    if not response.is_success:\n        return []\n    try:",
        FAILED,
        ["list", "server_error"],
    ),
    Mistake(
        "It guesses at a status",
        "answers",
        "        status = STATUSES.get(self.status)",
        "        status = STATUSES.get(self.status, DeliveryStatus.SENT)",
        Suite.test_a_status_looked_up_that_the_adapter_does_not_know_is_none,
    ),
    Mistake(
        "It calls what was sent delivered",
        "statuses",
        '"sent": DeliveryStatus.SENT',
        '"sent": DeliveryStatus.DELIVERED',
        Suite.test_a_text_looked_up_got_no_further_than_its_word_says,
    ),
    Mistake(
        "It makes no difference of its path",
        "webhooks",
        "if not (knows_path and (",
        "if not ((",
        Suite.test_a_signature_is_of_the_url_that_was_called,
        ["whatsapp_received"],
    ),
    Mistake(
        "It needs no header",
        "webhooks",
        "(knows_token or knows_bearer)",
        "True",
        FORGED,
        ["whatsapp_received", "unsigned"],
    ),
    Mistake(
        "It compares texts",
        "webhooks",
        'request.headers.get(_HEADER, "").encode()',
        'request.headers[_HEADER].encode("ascii")',
        FORGED,
        ["whatsapp_received", "not_ascii"],
    ),
    Mistake(
        "It names an event by its message only",
        "webhooks",
        'external_id=f"{told.id}:{told.status}"',
        "external_id=told.id",
        Suite.test_different_happenings_have_different_ids,
    ),
    Mistake(
        "It hears groups",
        "webhooks",
        "if is_person(received.sender.chat_id) else []",
        "",
        MEANS,
        ["of_a_group"],
    ),
    Mistake(
        "It hears what was typed on the phone",
        "webhooks",
        'kind == "incomingMessageReceived"',
        'kind.endswith("MessageReceived")',
        MEANS,
        ["typed_on_the_phone"],
    ),
    Mistake(
        "It drops kinds that are new",
        "webhooks",
        "_CONTENTS.get(data.kind, WhatsAppContent.OTHER)",
        "_CONTENTS[data.kind]",
        Suite.test_a_kind_that_the_adapter_does_not_know_is_kept,
    ),
    Mistake("It loses files", "webhooks", "        media=media,\n", "", MEANS, ["picture"]),
    Mistake(
        "It forgets which message a file came with",
        "files",
        'return dict(parse_qsl(url.partition("#")[2]))',
        "return {}",
        Suite.test_a_medium_is_read_whole,
    ),
    Mistake(
        "It never says that a file is gone",
        "files",
        'return Rejected("GREEN-API does not have the file',
        'return OutcomeUnknown("GREEN-API does not have the file',
        Suite.test_a_medium_that_the_vendor_has_no_more_is_gone_for_good,
    ),
    Mistake(
        "It says that a file is gone which it may not read now",
        "files",
        "return OutcomeUnknown(str(error), provider_code=error.provider_code)",
        "return error",
        Suite.test_a_medium_is_gone_by_the_vendors_own_word_alone,
        [b"{}"],
    ),
    Mistake(
        "It reads a file whole before it gives any of it",
        "whatsapp",
        "            async for piece in pieces:\n                yield piece",
        "            for piece in [piece async for piece in pieces]:\n                yield piece",
        Suite.test_a_medium_is_read_as_it_comes,
    ),
    Mistake(
        "It loses what a reaction is about",
        "webhooks",
        "(data.quoted, *parts)",
        "parts",
        MEANS,
        ["reaction"],
    ),
    Mistake(
        "It loses what was picked",
        "webhooks",
        "self.button_id or self.old_button_id or self.line_id",
        "self.button_id",
        MEANS,
        ["line"],
    ),
    Mistake(
        "It vouches for an instance that it cannot see",
        "whatsapp",
        'state = read(State, await self._get("getStateInstance")).state',
        'await self._get("getStateInstance")\n        state = "authorized"',
        Suite.test_verifying_never_vouches_for_credentials_that_were_not_taken,
        ["bad_credentials"],
    ),
    Mistake(
        "It calls an instance ready whose number is banned",
        "senders",
        "return self._told(readiness, STATES[self.state])",
        "return self._told(Readiness.READY, None)",
        Suite.test_the_sender_stands_as_its_instance_does,
        ["blocked", Readiness.REJECTED, "banned"],
    ),
    Mistake(
        "It takes another phone for the agent's",
        "senders",
        "number=account.number or E164(self._config.phone_number)",
        "number=E164(self._config.phone_number)",
        Suite.test_a_phone_with_another_number_is_that_numbers_sender_and_not_ready,
    ),
    Mistake(
        "It restarts the instance for naught",
        "senders",
        "if any(held.get(name) != value for name, value in asked.items()):",
        "if asked:",
        Suite.test_an_instance_is_set_to_call_the_hub_and_read_back,
    ),
    Mistake(
        "It gives away where it may be called",
        "senders",
        'url = f"{settings.inbound_url}/{config.webhook_secret.get_secret_value()}"',
        "url = settings.inbound_url",
        Suite.test_an_instance_is_set_to_call_the_hub_and_read_back,
    ),
    Mistake(
        "It has an instance call that the hub asks",
        "senders",
        'url, token = "", ""',
        'url, token = settings.inbound_url or "", ""',
        Suite.test_an_instance_whose_hub_asks_is_set_to_call_nobody,
    ),
    Mistake(
        "It believes an address with another token",
        "senders",
        "token != config.webhook_token.get_secret_value()",
        "token is None",
        Suite.test_an_address_that_the_hub_could_not_believe_is_none,
        [{"webhookUrlToken": "another"}],
    ),
    Mistake(
        "It believes every answer to a change",
        "senders",
        "saved: Literal[True]",
        "saved: bool",
        Suite.test_settings_that_were_not_saved_are_not_taken_for_saved,
        [(200, {"saveSettings": False}), OutcomeUnknown],
    ),
]
