"""Mistakes in the adapter of a WhatsApp vendor, and those that the suite does not find."""

from typing import Final

from tests.unseen.mutant import Mutant

WHOLE: Final = "test_a_text_reaches_the_vendor_whole_and_in_its_fields"
TEMPLATE: Final = "test_a_template_reaches_the_vendor_with_its_values_and_not_as_text"
TELLS: Final = "test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it"
PERSON: Final = "test_a_person_without_a_number_is_written_to_by_their_id"
MEDIA: Final = "test_every_medium_reaches_the_vendor_by_its_url"
LISTED: Final = "test_the_templates_are_listed_as_the_vendor_has_them"
UNHEARD: Final = "test_a_kind_that_the_adapter_does_not_know_is_kept"
WINDOW: Final = "test_a_closed_window_is_told_by_a_failure_of_its_own"
ENDS: Final = "test_a_report_moves_a_text_no_further_than_its_word_says"
OFFERED: Final = "test_choices_reach_the_vendor_with_their_ids_and_labels"
NOT_SHOWN: Final = "test_choices_that_cannot_be_shown_are_refused"
_OFFERS: Final = '[{"pick": each.id, "says": each.label} for each in message.choices]'
_VALUES: Final = 'form["values"] = json.dumps(dict(message.template_values))'
_ID: Final = 'else f"id:{address}"'
_ADDRESS: Final = 'return f"+{address}" if scheme == "tel" else address'
_UNKNOWN: Final = "_KINDS.get(message.kind, (sdk.WhatsAppContent.OTHER, _nothing))"
_TWO_MEDIA: Final = "if len(message.media) > 1:"

MUTANTS: Final = [
    Mutant(
        "It sends a template as text", "if message.template is not None:", "if False:", TEMPLATE
    ),
    Mutant(
        "It sends a template and its text",
        _VALUES,
        f'{_VALUES}\n            form["text"] = message.body',
        TEMPLATE,
    ),
    Mutant("It sends templates without values", _VALUES, 'form["values"] = "{}"', TEMPLATE),
    Mutant(
        "It sends the first nine values",
        _VALUES,
        'form["values"] = json.dumps(dict(list(message.template_values.items())[:9]))',
        TEMPLATE,
    ),
    Mutant(
        "It sorts values as words",
        _VALUES,
        'form["values"] = json.dumps([message.template_values[each] '
        "for each in sorted(message.template_values)])",
        TEMPLATE,
    ),
    Mutant(
        "It mixes the values up",
        _VALUES,
        'form["values"] = json.dumps(dict(zip(message.template_values, '
        "reversed(message.template_values.values()))))",
        TEMPLATE,
    ),
    Mutant(
        "It trims values to letters that every phone has",
        _VALUES,
        'form["values"] = json.dumps({name: value.encode("ascii", "ignore").decode() '
        "for name, value in message.template_values.items()})",
        TEMPLATE,
    ),
    Mutant(
        "It sends one template whatever is asked for",
        'form["template"] = message.template',
        'form["template"] = "HX0199c2a04d5b7c3e8f10a2b3c4d5e6f7"',
        "test_another_template_in_another_language_is_another_request",
    ),
    Mutant(
        "It sends every template in English",
        'form["lang"] = message.language',
        'form["lang"] = "en"',
        TEMPLATE,
    ),
    Mutant(
        "It cuts the country off a language",
        'form["lang"] = message.language',
        'form["lang"] = message.language[:2]',
        TEMPLATE,
    ),
    Mutant("It forgets the language", 'form["lang"] = message.language', "pass", TEMPLATE),
    Mutant("It quotes nothing", 'form["answers"] = message.quoted_id', "pass", WHOLE),
    Mutant(
        "It quotes None",
        'if message.quoted_id is not None:\n            form["answers"] = message.quoted_id',
        'form["answers"] = str(message.quoted_id)',
        "test_a_message_that_answers_none_quotes_none",
    ),
    Mutant(
        "It names an empty template in every message",
        'form["text"] = message.body\n',
        'form["text"] = message.body\n            form["template"] = "none"\n',
        WHOLE,
    ),
    Mutant(
        "It sends to numbers alone",
        _ID,
        'else f"tel:{address}"',
        PERSON,
    ),
    Mutant(
        "It writes ids in small letters",
        _ID,
        'else f"id:{address.lower()}"',
        PERSON,
    ),
    Mutant(
        "It takes the digits of an id for a number",
        _ID,
        "else 'tel:' + ''.join(each for each in address if each.isdigit())",
        PERSON,
    ),
    Mutant("It drops media", 'form["link"] = each.url', "pass", MEDIA),
    Mutant("It drops the name of a file", 'form["filename"] = each.name', "pass", MEDIA),
    Mutant(
        "It drops the text under a picture",
        'form["link"] = each.url',
        'form["link"] = each.url\n            form.pop("text")',
        MEDIA,
    ),
    Mutant(
        "It sends one of several media without a word",
        f'{_TWO_MEDIA}\n            raise sdk.Rejected("Pharos takes one file with a message.")',
        "pass",
        "test_more_media_than_the_vendor_takes_are_refused",
    ),
    Mutant(
        "It calls a closed window a refused text",
        "sdk.FailureKind.OUT_OF_WINDOW",
        "sdk.FailureKind.REFUSED",
        WINDOW,
    ),
    Mutant("It does not know a closed window", '"P24": sdk.Failure', '"P25": sdk.Failure', WINDOW),
    Mutant(
        "It takes a closed window for a limit of rate",
        "if status == 429:",
        'if status == 429 or code == "P24":',
        WINDOW,
    ),
    Mutant(
        "It does not know who opted out",
        '    "P31": sdk.OptedOut,\n',
        "",
        "test_a_refusal_passes_on_the_code_that_the_vendor_gave",
    ),
    Mutant(
        "It takes every template for approved",
        "_TEMPLATES.get(each.state, sdk.TemplateState.UNKNOWN)",
        "sdk.TemplateState.APPROVED",
        LISTED,
    ),
    Mutant(
        "It takes a state that it never heard of for approved",
        "_TEMPLATES.get(each.state, sdk.TemplateState.UNKNOWN)",
        "_TEMPLATES.get(each.state, sdk.TemplateState.APPROVED)",
        LISTED,
    ),
    Mutant(
        "It names templates by their names",
        "provider_id=each.id,",
        "provider_id=each.name,",
        LISTED,
    ),
    Mutant("It loses the variables", "variables=each.fields,", "", LISTED),
    Mutant(
        "It has no templates where it cannot list them",
        "for each in _read(_Templates, response).templates",
        "for each in (_read(_Templates, response).templates if response.is_success else ())",
        "test_templates_that_cannot_be_listed_are_not_none",
    ),
    Mutant(
        "It has no templates where it cannot read them",
        "templates: tuple[_Template, ...]",
        "templates: tuple[_Template, ...] = ()",
        "test_templates_that_cannot_be_read_are_not_none",
    ),
    Mutant(
        "It takes what it does not know for text",
        _UNKNOWN,
        "_KINDS.get(message.kind, (sdk.WhatsAppContent.TEXT, _nothing))",
        TELLS,
    ),
    Mutant("It fails at what it does not know", _UNKNOWN, "_KINDS[message.kind]", TELLS),
    Mutant(
        "It drops what it does not know",
        'if event.kind == "message":',
        'if event.kind == "message" and event.data["kind"] in _KINDS:',
        TELLS,
    ),
    Mutant(
        "It knows the unknown kinds of its manual alone",
        _UNKNOWN,
        '(_KINDS | {"poll": (sdk.WhatsAppContent.OTHER, _nothing)})[message.kind]',
        UNHEARD,
    ),
    Mutant("It does not name a kind", "vendor_kind=message.kind,", "", TELLS),
    Mutant("It loses what an answer answers", "quoted_id=message.answers,", "", TELLS),
    Mutant("It loses the name of a person", "sender_name=message.name,", "", TELLS),
    Mutant(
        "It takes a choice for a text",
        '"pick": (sdk.WhatsAppContent.CHOICE, _pick)',
        '"pick": (sdk.WhatsAppContent.TEXT, _pick)',
        TELLS,
    ),
    Mutant("It offers nothing", "form |= _menu(message)", "_menu(message)", OFFERED),
    Mutant("It offers two of three", _OFFERS, f"{_OFFERS}[:2]", OFFERED),
    Mutant("It offers labels as ids", '"pick": each.id', '"pick": each.label', OFFERED),
    Mutant(
        "It numbers what it offers",
        _OFFERS,
        '[{"pick": str(at), "says": each.label} for at, each in enumerate(message.choices, 1)]',
        OFFERED,
    ),
    Mutant("It cuts labels", '"says": each.label', '"says": each.label[:15]', OFFERED),
    Mutant(
        "It sorts what it offers", _OFFERS, f"sorted({_OFFERS}, key=lambda x: x['pick'])", OFFERED
    ),
    Mutant(
        "It offers in place of the text",
        "form |= _menu(message)",
        'form = {**form, **_menu(message), "text": ""}',
        OFFERED,
    ),
    Mutant(
        "It drops a single choice",
        "if message.choices:",
        "if len(message.choices) > 1:",
        "test_a_single_choice_is_shown_as_well",
    ),
    Mutant(
        "It sends what is not shown",
        "sdk.shown_as(message.choices)) is None",
        "1) is None",
        NOT_SHOWN,
    ),
    Mutant(
        "It offers beside a picture",
        "if message.media or message.template is not None:",
        "if message.template is not None:",
        NOT_SHOWN,
    ),
    Mutant(
        "It offers beside a template",
        "if message.media or message.template is not None:",
        "if message.media:",
        NOT_SHOWN,
    ),
    Mutant(
        "It asks again where choices were refused",
        "        return sdk.Receipt(provider_id=_read(_Taken, response).id)",
        "        if message.choices and response.is_error:\n"
        "            response = await self._http.post(url, data=form, headers=self._headers)\n"
        "        return sdk.Receipt(provider_id=_read(_Taken, response).id)",
        "test_choices_that_were_refused_are_not_sent_in_another_way",
    ),
    Mutant("It loses the id of a choice", ', "choice": told["id"]', "", TELLS),
    Mutant(
        "It loses what is written under a picture",
        '"body": told.get("caption", "")',
        '"body": ""',
        TELLS,
    ),
    Mutant("It loses a picture", ', "media": (media,)', "", TELLS),
    Mutant(
        "It fails where a reaction is taken back", 'told.get("emoji", "")', 'told["emoji"]', TELLS
    ),
    Mutant(
        "It swaps a place's coordinates",
        "{told['lat']}, {told['long']}",
        "{told['long']}, {told['lat']}",
        TELLS,
    ),
    Mutant(
        "It tells of the first card",
        'for each in told["cards"])',
        'for each in told["cards"][:1])',
        TELLS,
    ),
    Mutant("It takes every id for a number", _ADDRESS, 'return f"+{address}"', TELLS),
    Mutant("It tells of numbers without a plus", _ADDRESS, "return address", TELLS),
    Mutant(
        "It takes seen for delivered",
        '"seen": sdk.DeliveryStatus.READ',
        '"seen": sdk.DeliveryStatus.DELIVERED',
        ENDS,
    ),
    Mutant(
        "It takes lost for sent",
        '"lost": sdk.DeliveryStatus.FAILED',
        '"lost": sdk.DeliveryStatus.SENT',
        ENDS,
    ),
    Mutant(
        "It takes queued for delivered",
        '"queued": sdk.DeliveryStatus.SENT',
        '"queued": sdk.DeliveryStatus.DELIVERED',
        ENDS,
    ),
    Mutant(
        "It tells of a message as a text",
        "return [_received(event, _Message.model_validate(event.data))]",
        "told = _received(event, _Message.model_validate(event.data))\n"
        "            return [sdk.Received(external_id=told.external_id, "
        "provider_id=told.provider_id, sender=told.sender, recipient=told.recipient, "
        "body=told.body)]",
        "test_a_message_that_came_is_told_as_one_of_whatsapp",
    ),
    Mutant(
        "Its receipts are of its own making",
        "sdk.Receipt(provider_id=_read(_Taken, response).id)",
        'sdk.Receipt(provider_id="wa-" + _read(_Taken, response).id)',
        "test_a_report_names_the_message_as_its_receipt_does",
    ),
]

NOT_CAUGHT: Final = {
    Mutant(
        "It asks for templates elsewhere", "}/templates", "}/patterns", ""
    ): "which path is right stands in the vendor's manual alone",
    Mutant(
        "It shows every menu as a list", '"keys" if', '"list" if', ""
    ): "which word is right stands in the vendor's manual alone",
}
"""Mistakes that the suite does not find, and why."""
