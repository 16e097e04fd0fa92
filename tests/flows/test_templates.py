"""One template on every channel: written by an operator, sent by its id, mapped to the vendor's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN as ANNS_PHONE
from tests.flows.hubs import DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.mails import ANN as ANNS_MAIL
from tests.flows.mails import BOB as BOBS_MAIL
from tests.flows.mails import Post, arrives
from tests.flows.networks import ALICE, BOB
from tests.flows.ticks import Ticks, written
from trunkline.sdk import RetryLater, Template, TemplateState

EVERY = f"{DEMO}\n[providers.ticks]\n[providers.post]\n".replace(
    'telephony = "demo"', 'telephony = "demo"\nemail = "post"\nwhatsapp = ["ticks", "spare"]'
)
SPARE = '[connections.spare]\nprovider = "ticks"\n'
ORDER = {
    "id": "order_shipped",
    "texts": [
        {
            "language": "en",
            "subject": "Order {{order}}",
            "body": "Hi {{name}}, {{order}} is on its way.",
            "html": "<p>Hi <b>{{name}}</b>, {{order}} is on its way.</p>",
        },
        {"language": "en", "channel": "sms", "body": "{{name}}: {{order}} sent."},
        {
            "language": "es",
            "body": "Hola {{name}}, {{order}} va en camino.",
            "subject": "{{order}}",
        },
    ],
}
MAPPED = {
    "providerTemplates": [
        {"connection": "ticks", "language": "en", "providerId": "HX1", "values": ["order", "name"]},
        {"connection": "ticks", "language": "es", "providerId": "HX2", "values": {"n": "name"}},
    ]
}
VALUES = {"name": "Bob & <Co>", "order": "18"}


def listed(provider_id: str, state: TemplateState = TemplateState.APPROVED) -> Template:
    return Template(
        provider_id=provider_id,
        name=f"order_{provider_id.lower()}",
        language="en",
        body="Hi {{2}}, {{1}}.",
        variables=("1", "2"),
        state=state,
    )


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def hub(start_hub: StartHub, ticks: Ticks, post: Post) -> AsyncIterator[Served]:
    plugins = ticks.plugins()
    mail = post.plugins().providers["email"]
    plugins = replace(plugins, providers={**plugins.providers, "email": mail})
    async with start_hub(plugins=plugins, toml=f"{EVERY}\n{SPARE}") as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    values = {"phone": ANNS_PHONE, "email": ANNS_MAIL, "whatsapp": ALICE}
    await hub.local("agents_create", id="ann", values=values)
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def tried(ann: Caller, channel: str, to: str, **more: Any) -> Any:
    given = {"templateId": "order_shipped", "templateVars": VALUES, "body": "", **more}
    return await ann.post("comms_send_message", {"channel": channel, "to": to, **given})


@pytest.mark.both
async def test_one_id_is_a_text_a_mail_and_a_whatsapp_template(
    hub: Served, ann: Caller, ticks: Ticks, post: Post
) -> None:
    await hub.local("templates_set", **ORDER, **MAPPED)
    answers = [
        await tried(ann, "sms", HANDSET),
        await tried(ann, "email", BOBS_MAIL),
        await tried(ann, "whatsapp", BOB),
    ]
    shown = {each["channel"]: each for each in await ann.inbox() if each["direction"] == "outbound"}

    assert [each.json().get("status") for each in answers] == ["sent"] * 3
    assert answers[0].json()["segments"] == 1
    (mail,) = post.sent
    assert (mail.subject, mail.body) == ("Order 18", "Hi Bob & <Co>, 18 is on its way.")
    assert mail.html == "<p>Hi <b>Bob &amp; &lt;Co&gt;</b>, 18 is on its way.</p>"
    (sent,) = ticks.sent
    assert (sent.template, sent.template_values, sent.language) == (
        "HX1",
        {"1": "18", "2": "Bob & <Co>"},
        "en",
    )
    assert sent.body == "Hi Bob & <Co>, 18 is on its way."
    assert shown["whatsapp"]["body"] == sent.body


async def test_the_language_is_the_one_that_is_asked_for_or_the_templates_own(
    hub: Served, ann: Caller, ticks: Ticks, post: Post
) -> None:
    await hub.local("templates_set", **ORDER, **MAPPED)
    await tried(ann, "whatsapp", BOB, templateLanguage="es_MX")
    await tried(ann, "email", BOBS_MAIL, templateLanguage="es-MX")
    await tried(ann, "email", BOBS_MAIL, templateLanguage="fr")

    assert (ticks.sent[0].template, ticks.sent[0].template_values) == ("HX2", {"n": "Bob & <Co>"})
    assert [each.subject for each in post.sent] == ["18", "Order 18"]
    assert post.sent[0].html is None


@pytest.mark.parametrize("field", ["body", "html"])
async def test_a_text_beside_a_template_is_refused(
    hub: Served, ann: Caller, post: Post, field: str
) -> None:
    await hub.local("templates_set", **ORDER, **MAPPED)
    answer = await tried(ann, "email", BOBS_MAIL, **{field: "<p>Hello.</p>"})

    assert (answer.status_code, answer.json()["field"], post.sent) == (422, "body", [])


async def test_a_providers_own_id_is_sent_as_before(ann: Caller, ticks: Ticks) -> None:
    answer = await tried(ann, "whatsapp", BOB, templateId="HX7", templateVars={"1": "Bob"})

    assert answer.json()["status"] == "sent"
    assert (ticks.sent[0].template, ticks.sent[0].template_values) == ("HX7", {"1": "Bob"})


async def test_a_template_that_the_provider_has_not_is_a_text_within_the_window_only(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    await hub.local("templates_set", **ORDER)
    early = await tried(ann, "whatsapp", BOB)
    await written(hub, 1)
    inside = await tried(ann, "whatsapp", BOB)

    assert (early.status_code, early.json()["rule"]) == (422, "window")
    assert "templates set" in early.json()["detail"]
    assert inside.json()["status"] == "sent"
    (sent,) = ticks.sent
    assert (sent.template, sent.body) == (None, "Hi Bob & <Co>, 18 is on its way.")


async def test_a_template_goes_over_the_connection_whose_provider_has_it(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    mapped = {"connection": "spare", "language": "en", "providerId": "HX9", "values": []}
    await hub.local("templates_set", **ORDER, providerTemplates=[mapped])
    answer = await tried(ann, "whatsapp", BOB)

    assert answer.json().get("status") == "sent", (answer.text, ticks.asked)
    assert ticks.sent[0].template == "HX9"
    assert hub.rows("SELECT connection FROM messages")[0]["connection"] == "spare"


@pytest.mark.both
async def test_what_waits_is_sent_by_each_providers_own_id_whatever_becomes_of_the_template(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    both = [
        {"connection": "ticks", "language": "en", "providerId": "HX1", "values": ["name"]},
        {"connection": "spare", "language": "en", "providerId": "HX9", "values": ["order"]},
    ]
    await hub.local("templates_set", **ORDER, providerTemplates=both)
    busy = RetryLater("Busy.", retry_after_s=0.05)
    ticks.refusals = [busy, busy]
    answer = await tried(ann, "whatsapp", BOB)
    await hub.local("templates_remove", id="order_shipped")
    await hub.until_status(ann, answer.json()["messageId"], "sent")

    assert answer.json()["status"] == "queued"
    asked = [(each.template, each.template_values) for each in ticks.asked]
    assert asked[:2] == [("HX1", {"1": "Bob & <Co>"}), ("HX9", {"1": "18"})]
    assert asked[2] in asked[:2]


async def test_the_same_send_is_the_same_message_when_the_template_has_changed_meanwhile(
    hub: Served, ann: Caller, post: Post
) -> None:
    await hub.local("templates_set", **ORDER)
    first = await tried(ann, "email", BOBS_MAIL, idempotencyKey="k1")
    await hub.local(
        "templates_set", id="order_shipped", texts=[{"language": "en", "body": "{{name}}{{order}}"}]
    )
    again = await tried(ann, "email", BOBS_MAIL, idempotencyKey="k1")
    await hub.local("templates_remove", id="order_shipped")
    gone = await tried(ann, "email", BOBS_MAIL, idempotencyKey="k1")
    other = await tried(ann, "email", BOBS_MAIL, idempotencyKey="k1", templateLanguage="es")

    assert again.json()["messageId"] == gone.json()["messageId"] == first.json()["messageId"]
    assert again.json()["replayed"]
    assert gone.json()["replayed"]
    assert refused(other, 409, "idempotency_conflict")
    assert len(post.sent) == 1


async def test_an_answer_keeps_the_subject_of_its_thread(
    hub: Served, ann: Caller, post: Post
) -> None:
    await hub.local("templates_set", **ORDER)
    await arrives(hub, 1, subject="Where is it?", message_id="<b1@p>")
    (question,) = await ann.inbox()
    await tried(ann, "email", BOBS_MAIL, replyTo=question["id"])

    assert post.sent[0].subject == "Re: Where is it?"


@pytest.mark.parametrize(
    ("channel", "to", "more", "field"),
    [
        ("sms", HANDSET, {"templateId": "no_such"}, "templateId"),
        ("email", BOBS_MAIL, {"templateId": "no_such"}, "templateId"),
        ("sms", HANDSET, {"templateVars": {"name": "Bob"}}, "templateVars"),
        ("sms", HANDSET, {"templateVars": {**VALUES, "more": "x"}}, "templateVars"),
        ("sms", HANDSET, {"templateVars": [{"name": "name", "value": "x"}] * 2}, "templateVars"),
        (
            "email",
            BOBS_MAIL,
            {"templateVars": {**VALUES, "name": "A\r\nBcc: eve@x.example"}},
            "templateVars.0.value",
        ),
        (
            "email",
            BOBS_MAIL,
            {"templateVars": {**VALUES, "name": "A\x85B"}},
            "templateVars.0.value",
        ),
        ("email", BOBS_MAIL, {"templateVars": {**VALUES, "name": "x" * 989}}, None),
        (
            "sms",
            HANDSET,
            {"templateVars": {**VALUES, "name": "x" * 900, "order": "y" * 900}},
            "body",
        ),
        ("sms", HANDSET, {"body": "And more."}, "body"),
        ("sms", HANDSET, {"templateLanguage": "english"}, "templateLanguage"),
        ("sms", HANDSET, {"templateId": None}, "templateId"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    hub: Served, ann: Caller, channel: str, to: str, more: dict[str, Any], field: str | None
) -> None:
    await hub.local("templates_set", **ORDER)
    answer = await tried(ann, channel, to, **more)

    assert refused(answer, 422, "invalid"), answer.text
    assert field is None or answer.json()["field"] == field
    assert "eve" not in answer.text
    assert hub.count("messages") == 0


async def test_the_operator_sees_each_template_in_the_state_that_the_provider_lists(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    ticks.listed = [listed("HX1", TemplateState.PAUSED), listed("HX5")]
    stored = await hub.local("templates_set", **ORDER, **MAPPED)
    shown = await hub.local("templates_show", id="order_shipped")
    whole = await hub.local("templates_list")
    sendable = (await ann.call("comms_list_templates", channel="whatsapp"))["templates"]

    assert stored["variables"] == ["order", "name"]
    assert [each["state"] for each in shown["providerTemplates"]] == ["paused", "missing"]
    theirs = [each for each in whole["atProviders"] if each["connection"] == "ticks"]
    assert [(each["providerId"], each["state"], each.get("usedBy")) for each in theirs] == [
        ("HX1", "paused", "order_shipped"),
        ("HX5", "approved", None),
    ]
    assert [(each["templateId"], each["channels"], each["state"]) for each in sendable] == [
        ("order_shipped", ["sms", "voice", "email", "whatsapp"], "paused"),
        ("HX5", ["whatsapp"], "approved"),
    ]
    assert sendable[0]["languages"] == ["en", "es"]
    del shown["updatedAt"]
    for each in shown["providerTemplates"]:
        del each["state"]
    assert (await hub.local("templates_set", **shown))["texts"] == shown["texts"]


async def test_a_provider_that_does_not_list_its_templates_keeps_nobody_from_the_hubs(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    ticks.listed = RetryLater("Away.", retry_after_s=1.0)
    await hub.local("templates_set", **ORDER, **MAPPED)
    whole = await hub.local("templates_list")
    sendable = await ann.call("comms_list_templates")

    assert {each["connection"] for each in whole["notListed"]} == {"ticks", "spare"}
    assert "state" not in whole["templates"][0]["providerTemplates"][0]
    assert [each["templateId"] for each in sendable["templates"]] == ["order_shipped"]


async def test_a_template_that_is_not_there_is_not_found(hub: Served) -> None:
    for name in ("templates_show", "templates_remove"):
        answer = await hub.operator.post(f"/api/v1/tools/{name}", json={"id": "nobody"})
        assert refused(answer, 404, "not_found")


async def test_agents_see_templates_and_cannot_write_them(hub: Served, ann: Caller) -> None:
    answer = await ann.post("templates_set", ORDER)
    assert refused(answer, 404, "not_found")
    assert (await ann.call("comms_list_templates", channel="sms"))["templates"] == []


async def test_a_batch_sends_by_template_too(hub: Served, ann: Caller, post: Post) -> None:
    await hub.local("templates_set", **ORDER)
    item = {"channel": "email", "body": "", "templateId": "order_shipped"}
    batch = await ann.call(
        "comms_send_batch",
        messages=[
            {**item, "to": BOBS_MAIL, "templateVars": VALUES},
            {**item, "to": BOBS_MAIL, "templateVars": {"name": "Bob"}},
        ],
    )
    first, second = batch["results"]
    await hub.until_status(ann, first["messageId"], "sent")

    assert second["error"]["code"] == "invalid"
    assert [each.subject for each in post.sent] == ["Order 18"]
