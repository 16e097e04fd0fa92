"""The exact requests of a send, over a real connection, and what each answer means."""

import socket
from dataclasses import replace

import httpx2
import pytest

from plugins.greenapi.tests.double import Double, refusal_body
from plugins.greenapi.tests.vendor import CONFIG, MESSAGE, TOKEN
from trunkline.sdk import (
    AuthFailed,
    Choice,
    DeliveryStatus,
    Media,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    Unsupported,
)
from trunkline.testing import provider_context
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.whatsapp import open_greenapi

PICTURE = Media(url="https://media.example/a.jpg?x=1&y=2", content_type="image/jpeg")
PATH = f"/waInstance{CONFIG['id_instance']}/sendMessage/{TOKEN}"


async def test_a_text_is_posted_as_the_documentation_says_and_waits_in_the_queue() -> None:
    double = Double()

    receipt = await double.ask(lambda each: each.send(MESSAGE))

    ((verb, path, body),) = double.asked
    assert (verb, path) == ("POST", PATH)
    assert body == {"chatId": "14155550199@c.us", "message": "Héllo, wörld 👋"}
    assert receipt == Receipt(provider_id=double.queue[0]["messageID"], status=DeliveryStatus.SENT)


async def test_an_answer_quotes_the_message_that_it_is_to() -> None:
    double = Double()

    await double.ask(lambda each: each.send(replace(MESSAGE, quoted_id="BAE5F4886F6F2D05")))

    assert double.asked[0][2]["quotedMessageId"] == "BAE5F4886F6F2D05"


CHOICES = (Choice(id="am", label="Morning"), Choice(id="pm", label="Afternoon"))


async def test_choices_go_as_buttons_that_answer_nothing() -> None:
    double = Double()
    offering = replace(MESSAGE, choices=CHOICES, quoted_id="BAE5F4886F6F2D05")

    await double.ask(lambda each: each.send(offering))

    ((verb, path, body),) = double.asked
    assert (verb, path) == ("POST", PATH.replace("sendMessage", "sendInteractiveButtonsReply"))
    assert body == {
        "chatId": "14155550199@c.us",
        "body": "Héllo, wörld 👋",
        "buttons": [
            {"buttonId": "am", "buttonText": "Morning"},
            {"buttonId": "pm", "buttonText": "Afternoon"},
        ],
    }


@pytest.mark.parametrize("status", [403, 404])
async def test_buttons_that_are_switched_off_say_nothing_of_the_instance(status: int) -> None:
    double = Double(answers={"sendInteractiveButtonsReply": (status, b"Forbidden")})

    with pytest.raises(Rejected, match="without choices") as refused:
        await double.ask(lambda each: each.send(replace(MESSAGE, choices=CHOICES)))
    receipt = await double.ask(lambda each: each.send(MESSAGE))

    assert refused.value.provider_code == str(status)
    assert receipt.status is DeliveryStatus.SENT


async def test_a_file_goes_by_its_url_with_the_text_under_it() -> None:
    double = Double()
    quoting = replace(MESSAGE, media=(PICTURE,), quoted_id="BAE5")

    await double.ask(lambda each: each.send(quoting))

    ((_, path, body),) = double.asked
    assert "/sendFileByUrl/" in path
    assert body == {
        "chatId": "14155550199@c.us",
        "urlFile": PICTURE.url,
        "fileName": "a.jpg",
        "caption": MESSAGE.body,
        "quotedMessageId": "BAE5",
    }


@pytest.mark.parametrize(
    ("medium", "name"),
    [
        (Media(url="https://media.example/a%20b.pdf"), "a b.pdf"),
        (Media(url="https://media.example/a.pdf", name="Offer.pdf"), "Offer.pdf"),
        (Media(url="https://media.example/1234", content_type="application/pdf"), "1234.pdf"),
        (Media(url="https://media.example/", content_type="image/png"), "file.png"),
        (Media(url="https://media.example/x"), "x.bin"),
        (Media(url="https://media.example/x", content_type="image/jpeg", name="Ann"), "Ann.jpg"),
    ],
)
async def test_a_file_has_a_name_whose_ending_says_what_it_is(medium: Media, name: str) -> None:
    double = Double()

    await double.ask(lambda each: each.send(replace(MESSAGE, media=(medium,))))

    assert double.asked[0][2]["fileName"] == name


@pytest.mark.parametrize(
    "recipient",
    ["US.1a2B3c4D", "14155550199-1581234048@g.us", "120363043968066561@g.us", "14155550199@c.us"],
)
async def test_who_has_no_number_is_refused_before_anything_is_sent(recipient: str) -> None:
    double = Double()

    with pytest.raises(Rejected, match="no business-scoped ids or groups") as caught:
        await double.ask(lambda each: each.send(replace(MESSAGE, recipient=recipient)))

    assert not double.asked
    assert recipient not in str(caught.value)


async def test_nothing_goes_out_from_another_number_than_the_agents() -> None:
    double = Double()

    with pytest.raises(NotSetUp, match="phone_number"):
        await double.ask(lambda each: each.send(replace(MESSAGE, sender="+14155550177")))

    assert not double.asked


async def test_a_template_never_goes_out_as_a_text() -> None:
    double = Double()

    with pytest.raises(Unsupported):
        await double.ask(lambda each: each.send(replace(MESSAGE, template="HX1")))

    assert not double.asked


async def test_of_several_files_none_is_sent() -> None:
    double = Double()

    with pytest.raises(Rejected, match="one file"):
        await double.ask(lambda each: each.send(replace(MESSAGE, media=(PICTURE, PICTURE))))

    assert not double.asked


QUOTA = {"correspondentsStatus": {"method": "sendMessage", "used": 3, "total": 3}}
REFUSALS: list[tuple[int, object, type[ProviderError], str]] = [
    (400, "bad request data", Rejected, "check the recipient"),
    (400, "instance in starting process try later", RetryLater, "starting"),
    (400, "instance account not authorized", NotSetUp, "QR code"),
    (400, "instance is starting or not authorized", NotSetUp, "QR code"),
    (400, "Instance account is expired. Renew your instance", OutOfCredit, "pay"),
    (400, "Instance is deleted", AuthFailed, "deleted"),
    (401, b"Unauthorized", AuthFailed, "api_token"),
    (403, b"Forbidden", AuthFailed, "id_instance"),
    (404, "Not Found", AuthFailed, "base_url"),
    (413, b"<html>too large</html>", Rejected, "413"),
    (429, "Too Many Requests", RetryLater, "rate"),
    (466, QUOTA, NotSetUp, "plan"),
    (469, b"", NotSetUp, "blocked"),
    (500, "File from url exceeded max upload size. Size: 150mb Limit: 100mb", Rejected, "100 MB"),
    (500, "upload file by url error", OutcomeUnknown, "500"),
    (408, b"", OutcomeUnknown, "408"),
    (499, b"", OutcomeUnknown, "499"),
    (502, b"<html>Bad Gateway</html>", OutcomeUnknown, "502"),
    (504, b"", OutcomeUnknown, "504"),
    (307, b"", OutcomeUnknown, "307"),
    (200, {"code": 401, "description": "Unauthorized"}, OutcomeUnknown, "cannot be read"),
    (200, {"idMessage": None}, OutcomeUnknown, "cannot be read"),
    (200, {"idMessage": ""}, OutcomeUnknown, "cannot be read"),
    (200, b'{"idMessage": "3EB', OutcomeUnknown, "cannot be read"),
    (200, b"", OutcomeUnknown, "cannot be read"),
    (200, b"null", OutcomeUnknown, "cannot be read"),
    (200, b"\xff", OutcomeUnknown, "cannot be read"),
]


@pytest.mark.parametrize(("status", "said", "kind", "words"), REFUSALS)
async def test_every_answer_becomes_the_error_that_says_what_to_do(
    status: int, said: object, kind: type[ProviderError], words: str
) -> None:
    body = refusal_body(status, said, PATH)[1] if isinstance(said, str) else said
    double = Double(answers={"sendMessage": (status, body)})

    with pytest.raises(ProviderError) as caught:
        await double.ask(lambda each: each.send(MESSAGE))

    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert len(double.asked) == 1
    assert caught.value.provider_code == (None if status == 200 else str(status))


async def test_a_connection_that_breaks_leaves_the_outcome_unknown() -> None:
    double = Double(answers={"sendMessage": None})

    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await double.ask(lambda each: each.send(MESSAGE))


async def test_a_port_where_nobody_listens_is_safe_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    config = GreenApiConfig.model_validate({**CONFIG, "base_url": url})

    async with (
        httpx2.AsyncClient() as http,
        open_greenapi(config, provider_context(http)) as greenapi,
    ):
        with pytest.raises(RetryLater):
            await greenapi.send(MESSAGE)


async def test_the_token_of_another_instance_is_refused_by_the_double_too() -> None:
    with pytest.raises(AuthFailed, match="api_token"):
        await Double().ask(lambda each: each.send(MESSAGE), api_token="another")
    with pytest.raises(AuthFailed, match="id_instance"):
        await Double().ask(lambda each: each.send(MESSAGE), id_instance=1101000002)


async def test_who_shows_no_number_is_written_to_in_the_chat_that_they_wrote_from() -> None:
    double = Double()

    await double.ask(lambda each: each.send(replace(MESSAGE, recipient="98765432101234@lid")))

    assert double.asked[0][2]["chatId"] == "98765432101234@lid"
