"""WhatsApp messages: the exact requests to Twilio, over a real connection."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from plugins.twilio.tests.loopback import Api, api
from plugins.twilio.tests.provisioning_vendor import sender
from plugins.twilio.tests.vendor import HUB, PATH, PERSON, SENT_AT, SID, message, page
from trunkline.sdk import (
    Account,
    DeliveryStatus,
    Media,
    OutboundWhatsApp,
    OutcomeUnknown,
    Receipt,
    Rejected,
    Template,
    TemplateState,
    TrunklineError,
)
from trunkline_twilio.callbacks import RETRIES
from trunkline_twilio.whatsapp import open_whatsapp

NUMBERLESS = "US.13491208655302741918"
SERVICE = f"MG{'6' * 32}"
HX = f"HX{'3' * 32}"
SESSION = OutboundWhatsApp(
    sender=HUB,
    recipient=PERSON,
    body="Héllo, wörld 👋",
    idempotency_key="msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f7",
    status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
)
TEMPLATE = replace(SESSION, template=HX, template_values={"1": 'Zoë "Z" {{2}}', "2": "9:30"})
PICTURE = Media(url="https://media.example/a.jpg?x=1&y=2")
TAKEN = message(**{"to": f"whatsapp:{PERSON}", "from": f"whatsapp:{HUB}"})


async def sent(wanted: OutboundWhatsApp, **config: object) -> list[tuple[str, str]]:
    twilio = api(TAKEN, status=201)
    receipt = await twilio.ask(open_whatsapp, lambda each: each.send(wanted), **config)
    assert receipt == Receipt(provider_id=SID)
    ((method, path, _, body),) = twilio.asked
    assert (method, path) == ("POST", f"{PATH}.json")
    return parse_qsl(body, keep_blank_values=True)


# --- sending --------------------------------------------------------------------------------------


async def test_a_message_of_a_conversation_is_posted_as_the_specification_says() -> None:
    assert await sent(SESSION) == [
        ("To", f"whatsapp:{PERSON}"),
        ("From", f"whatsapp:{HUB}"),
        ("Body", "Héllo, wörld 👋"),
        ("StatusCallback", f"{SESSION.status_url}{RETRIES}"),
    ]


async def test_without_a_status_url_none_is_given() -> None:
    assert "StatusCallback" not in dict(await sent(replace(SESSION, status_url=None)))


async def test_a_person_without_a_number_is_written_to_by_their_id() -> None:
    form = dict(await sent(replace(SESSION, recipient=NUMBERLESS)))

    assert form["To"] == f"whatsapp:{NUMBERLESS}"


async def test_a_picture_goes_along_with_its_words() -> None:
    form = dict(await sent(replace(SESSION, media=(PICTURE,))))

    assert (form["Body"], form["MediaUrl"]) == (SESSION.body, PICTURE.url)


async def test_a_template_is_named_and_its_values_are_json_and_its_text_stays_here() -> None:
    form = dict(await sent(TEMPLATE))

    assert form["ContentSid"] == HX
    assert json.loads(form["ContentVariables"]) == TEMPLATE.template_values
    assert form.keys().isdisjoint({"Body", "MediaUrl"})
    assert form["StatusCallback"] == f"{SESSION.status_url}{RETRIES}"


async def test_a_template_without_variables_has_no_values() -> None:
    assert "ContentVariables" not in dict(await sent(replace(TEMPLATE, template_values={})))


async def test_a_messaging_service_sends_from_the_agents_number_and_never_from_a_name() -> None:
    form = dict(
        await sent(
            replace(SESSION, recipient="+4915112345678"),
            messaging_service_sid=SERVICE,
            sender_name="Trunkline",
            sender_name_prefixes=["+49"],
        )
    )

    assert (form["From"], form["MessagingServiceSid"]) == (f"whatsapp:{HUB}", SERVICE)


@pytest.mark.parametrize(
    "wrong", [replace(SESSION, media=(PICTURE, PICTURE)), replace(TEMPLATE, media=(PICTURE,))]
)
async def test_what_one_message_cannot_carry_is_refused_before_twilio_is_asked(
    wrong: OutboundWhatsApp,
) -> None:
    twilio = api(TAKEN, status=201)

    with pytest.raises(Rejected):
        await twilio.ask(open_whatsapp, lambda each: each.send(wrong))

    assert twilio.asked == []


@pytest.mark.parametrize(
    ("code", "error"), [(63016, Rejected), (21211, Rejected), (63014, Rejected)]
)
async def test_a_refusal_is_told_without_the_address(code: int, error: type[Exception]) -> None:
    refused = {"code": code, "message": f"whatsapp:{PERSON} cannot …", "status": 400}

    with pytest.raises(error) as caught:
        await api(refused, status=400).ask(open_whatsapp, lambda each: each.send(SESSION))

    assert PERSON[1:] not in str(caught.value)


# --- looking up -----------------------------------------------------------------------------------


async def test_a_message_looked_up_is_between_bare_addresses() -> None:
    read = {**TAKEN, "status": "read", "to": f"whatsapp:{NUMBERLESS}"}

    found = await api(read).ask(open_whatsapp, lambda each: each.fetch(SID))

    assert found is not None
    assert (found.sender, found.recipient) == (HUB, NUMBERLESS)
    assert (found.status, found.vendor_status) == (DeliveryStatus.READ, "read")


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{HUB}", "PageSize": "1000"}),
        ({"messaging_service_sid": SERVICE}, {"To": f"whatsapp:{PERSON}", "PageSize": "1000"}),
    ],
)
async def test_the_messages_between_two_are_listed(
    config: dict[str, str], wanted: dict[str, str]
) -> None:
    twilio = api(page(TAKEN))

    (found,) = await twilio.ask(
        open_whatsapp, lambda each: each.find(HUB, PERSON, SENT_AT), **config
    )

    assert (found.provider_id, found.sender, found.recipient) == (SID, HUB, PERSON)
    assert dict(parse_qsl(urlsplit(twilio.asked[0][1]).query)) == wanted


async def test_nothing_proves_what_went_to_a_person_without_a_number() -> None:
    twilio = api(page())

    with pytest.raises(OutcomeUnknown):
        await twilio.ask(open_whatsapp, lambda each: each.find(HUB, NUMBERLESS, SENT_AT))


# --- templates ------------------------------------------------------------------------------------


def content(**changes: object) -> dict[str, Any]:
    return {
        "sid": HX,
        "friendly_name": "Reminder",
        "language": "pt_BR",
        "variables": {"2": "9:30", "1": "Bob"},
        "types": {"twilio/text": {"body": "Hi {{1}}, see you at {{2}}."}},
        "approval_requests": {
            "name": "reminder_v2",
            "category": "UTILITY",
            "content_type": "twilio/text",
            "status": "approved",
            "rejection_reason": "",
            "allow_category_change": True,
        },
        **changes,
    }


def contents(*each: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {
        "contents": list(each),
        "meta": {"page": 0, "key": "contents", "next_page_url": following},
    }


async def listed(*each: dict[str, Any]) -> list[Template]:
    return await api(contents(*each)).ask(open_whatsapp, lambda open_one: open_one.templates())


async def test_a_template_is_listed_with_its_text_its_variables_and_its_approval() -> None:
    twilio = api(contents(content()))

    found = await twilio.ask(open_whatsapp, lambda each: each.templates())

    assert [(method, path) for method, path, _, _ in twilio.asked] == [
        ("GET", "/v1/ContentAndApprovals?PageSize=1000")
    ]
    assert found == [
        Template(
            provider_id=HX,
            name="reminder_v2",
            language="pt_BR",
            body="Hi {{1}}, see you at {{2}}.",
            variables=("1", "2"),
            state=TemplateState.APPROVED,
            category="utility",
        )
    ]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("received", TemplateState.PENDING),
        ("pending", TemplateState.PENDING),
        ("rejected", TemplateState.REJECTED),
        ("disabled", TemplateState.REJECTED),
        ("paused", TemplateState.PAUSED),
        ("unsubmitted", TemplateState.UNKNOWN),
        ("pondering", TemplateState.UNKNOWN),
    ],
)
async def test_a_template_may_be_sent_no_sooner_than_whatsapp_says(
    word: str, state: TemplateState
) -> None:
    (found,) = await listed(content(approval_requests={"status": word}))

    assert found.state is state


async def test_a_template_that_whatsapp_was_not_asked_about_is_listed_by_its_own_name() -> None:
    unasked = {"name": "", "category": "", "content_type": "", "status": "unsubmitted"}

    for approval in (unasked, None):
        (found,) = await listed(content(approval_requests=approval))
        assert (found.name, found.category) == ("Reminder", None)


async def test_a_template_without_a_name_and_a_list_without_pages_are_read_too() -> None:
    bare = {"sid": HX, "friendly_name": None, "approval_requests": None}

    (found,) = await api({"contents": [bare]}).ask(open_whatsapp, lambda each: each.templates())

    assert found == Template(provider_id=HX, name="", language="", body="")


@pytest.mark.parametrize("wrong", [{"sid": ""}, {"sid": None}, {"types": []}, {"language": 7}])
async def test_a_template_that_cannot_be_read_is_not_guessed_at(wrong: dict[str, object]) -> None:
    with pytest.raises(OutcomeUnknown):
        await listed(content(**wrong))


async def test_the_variables_of_buttons_and_those_without_a_place_count_too() -> None:
    card = {
        "title": "{{who}}, your order",
        "media": ["https://media.example/{{picture}}.jpg"],
        "actions": [{"type": "URL", "title": "Track", "url": "https://x.example/{{ 10 }}?{{2}}"}],
    }
    types = {"twilio/text": {"body": "{{no}}"}, "whatsapp/card": card}
    approval = {"content_type": "whatsapp/card", "status": "approved"}

    (found,) = await listed(
        content(types=types, variables={"spare": "x"}, approval_requests=approval)
    )

    assert found.body == "{{who}}, your order"
    assert found.variables == ("who", "picture", "spare", "2", "10")


@pytest.mark.parametrize("types", [None, {}, {"twilio/odd": "text"}, {"whatsapp/flows": {}}])
async def test_a_template_without_a_text_that_can_be_shown_is_listed_all_the_same(
    types: object,
) -> None:
    (found,) = await listed(content(types=types, variables=None))

    assert (found.body, found.variables) == ("", ())


@pytest.mark.parametrize(
    "following",
    [
        "https://thief.example/v1/ContentAndApprovals?Page=1",
        "https://content.twilio.com@thief.example/v1/ContentAndApprovals?Page=1",
        "/v1/ContentAndApprovals?Page=1",
    ],
)
async def test_a_list_of_templates_leads_nowhere_else(following: str) -> None:
    twilio = api(contents(content(), following=following))

    with pytest.raises(OutcomeUnknown):
        await twilio.ask(open_whatsapp, lambda each: each.templates())

    assert len(twilio.asked) == 1


class Paged(Api):
    """Content in pages; the last leads back to the first if it is told so."""

    def lead(self, url: str, pages: int) -> None:
        self.pages, self.url = pages, url

    @property
    def answer(self) -> bytes:
        query = parse_qs(urlsplit(self.asked[-1][1]).query)
        number = int(query.get("Page", ["0"])[0]) + 1
        following = f"{self.url}/v1/ContentAndApprovals?PageSize=1000&Page={number}&PageToken=x"
        shown = contents(
            content(sid=f"HX{number:032}"), following=following if number < self.pages else None
        )
        return json.dumps(shown).encode()

    @answer.setter
    def answer(self, value: bytes) -> None: ...


@pytest.mark.parametrize(("pages", "whole"), [(2, True), (1000, False)])
async def test_templates_are_read_to_the_last_page_and_part_is_not_passed_for_all(
    pages: int, whole: bool
) -> None:
    twilio = Paged(answer=b"")

    async def ask(each: Any) -> list[Template] | TrunklineError:
        twilio.lead(each._base_url, pages)
        try:
            return await each.templates()  # type: ignore[no-any-return]
        except OutcomeUnknown as error:
            return error

    found = await twilio.ask(open_whatsapp, ask)

    assert isinstance(found, list) == whole
    assert len(twilio.asked) == (pages if whole else 5)


# --- the account ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "notes"),
    [
        (["ONLINE", "ONLINE:UPDATING"], []),
        ([], ["so only Twilio's sandbox works"]),
        (["OFFLINE", "ONLINE", "OFFLINE", "CREATING"], ["1 of its", "2 of its"]),
    ],
)
async def test_senders_that_are_not_online_are_told(states: list[str], notes: list[str]) -> None:
    senders = [sender(phone=HUB, status=each) for each in states]
    twilio = api({"senders": senders, "meta": {}})

    account = await twilio.ask(open_whatsapp, lambda each: each.verify())

    assert [path for _, path, _, _ in twilio.asked] == [
        "/v2/Channels/Senders?Channel=whatsapp&PageSize=1000"
    ]
    assert len(account.notes) == len(notes)
    assert all(note in told for note, told in zip(notes, account.notes, strict=True))
    assert HUB not in str(account.notes)


async def test_a_state_that_is_no_word_is_not_passed_on() -> None:
    senders = {"senders": [{"status": f"{PERSON} is offline"}]}

    with pytest.raises(OutcomeUnknown):
        await api(senders).ask(open_whatsapp, lambda each: each.verify())


async def test_an_api_key_is_verified_by_what_it_may_ask() -> None:
    key = {"api_key_sid": f"SK{'5' * 32}", "api_key_secret": "key-secret"}
    twilio = api(page())

    assert await twilio.ask(open_whatsapp, lambda each: each.verify(), **key) == Account()
    assert twilio.asked[0][1] == f"{PATH}.json?PageSize=1"
