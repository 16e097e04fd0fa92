"""The files that go with a mail."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP as WIRE

import httpx2
import pytest

from plugins.smtp.tests.mailing import MAIL, opened
from plugins.smtp.tests.servers import aiosmtpd, scripted
from trunkline.sdk import Media, ProviderError, Rejected, RetryLater
from trunkline.testing import DROP_AFTER, DROP_BEFORE, Canned, Drop, Wire
from trunkline_smtp import attachments


async def test_files_go_along_with_their_types_and_names() -> None:
    answer = Canned(
        status=200, content=b"%PDF-1.7 \x00\xff", headers={"content-type": "Application/PDF; v=1"}
    )
    media = (
        Media(url="https://media.example/menu.pdf?x=1"),
        Media(url="https://media.example/2", content_type="image/png", name="Büro.png"),
    )
    async with (
        aiosmtpd(security="none") as (port, kept),
        opened(port, answer=answer) as mailer,
    ):
        await mailer.send(replace(MAIL, media=media))

    content = kept.mails[0].content
    assert isinstance(content, bytes)
    first, second = message_from_bytes(content, policy=WIRE).iter_attachments()
    assert (first.get_content_type(), first.get_filename()) == ("application/pdf", "menu.pdf")
    assert (second.get_content_type(), second.get_filename()) == ("image/png", "Büro.png")
    assert first.get_content() == second.get_content() == b"%PDF-1.7 \x00\xff"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Canned(status=404), Rejected),
        (Canned(status=302, headers={"location": "https://elsewhere.example"}), Rejected),
        (Canned(status=503), RetryLater),
        (Canned(status=429), RetryLater),
        (Canned(status=200, content=b"x" * 1_000_001), Rejected),
        (DROP_BEFORE, RetryLater),
        (DROP_AFTER, RetryLater),
    ],
)
async def test_a_file_that_cannot_be_had_keeps_the_mail_from_being_sent(
    answer: Canned | Drop, error: type[ProviderError]
) -> None:
    mail = replace(MAIL, media=(Media(url="https://media.example/a"),))
    async with (
        scripted({}) as (port, heard),
        opened(port, {"max_attachments_mb": 1}, answer=answer) as mailer,
    ):
        with pytest.raises(error) as caught:
            await mailer.send(mail)
    assert heard.connections == 0
    assert type(caught.value) is error


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    for each in given:
        if isinstance(each, Exception):
            raise each
        yield each


async def test_what_the_hub_has_is_read_there_and_not_fetched() -> None:
    media = Media(
        url="https://hub.example/media/x",
        content_type="image/png",
        name="cat.png",
        open=lambda: pieces(b"\x89PNG", b"\r\n"),
    )
    async with (
        aiosmtpd(security="none") as (port, kept),
        opened(port, answer=Canned(status=404)) as mailer,
    ):
        await mailer.send(replace(MAIL, media=(media,)))

    content = kept.mails[0].content
    assert isinstance(content, bytes)
    (file,) = message_from_bytes(content, policy=WIRE).iter_attachments()
    assert (file.get_content_type(), file.get_filename()) == ("image/png", "cat.png")
    assert file.get_content() == b"\x89PNG\r\n"


@pytest.mark.parametrize(
    ("given", "error"),
    [((b"x", OSError("gone")), RetryLater), ((b"x" * 600_000, b"x" * 600_000), Rejected)],
)
async def test_what_the_hub_cannot_read_or_is_too_large_keeps_the_mail_from_being_sent(
    given: tuple[bytes | Exception, ...], error: type[ProviderError]
) -> None:
    media = Media(url="https://hub.example/media/x", open=lambda: pieces(*given))
    async with (
        scripted({}) as (port, heard),
        opened(port, {"max_attachments_mb": 1}) as mailer,
    ):
        with pytest.raises(error):
            await mailer.send(replace(MAIL, media=(media,)))
    assert heard.connections == 0


async def test_a_url_that_cannot_be_asked_keeps_the_mail_from_being_sent_for_good() -> None:
    url = "https://media.example:port/a"
    async with Wire(Canned(status=200)).client() as http:
        with pytest.raises(Rejected, match="no URL") as caught:
            await attachments.fetched(http, [Media(url=url)], 9)
    assert url not in str(caught.value)


async def test_files_may_come_to_exactly_what_the_settings_allow() -> None:
    media = [Media(url="https://media.example/a"), Media(url="https://media.example/b")]
    async with Wire(Canned(status=200, content=b"12345")).client() as http:
        assert len(await attachments.fetched(http, media, 10)) == 2
        with pytest.raises(Rejected, match="larger"):
            await attachments.fetched(http, media, 9)


async def test_files_that_are_too_large_together_are_refused() -> None:
    media = (Media(url="https://media.example/a"), Media(url="https://media.example/b"))
    async with scripted({}) as (port, _):
        answer = Canned(status=200, content=b"x" * 600_000)
        async with opened(port, {"max_attachments_mb": 1}, answer=answer) as mailer:
            await mailer.send(replace(MAIL, media=media[:1]))
            with pytest.raises(Rejected, match="larger"):
                await mailer.send(replace(MAIL, media=media))


async def test_a_file_that_comes_too_slowly_keeps_the_mail_from_being_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attachments, "_WITHIN_S", 0.05)

    async def never(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(never)) as http:
        with pytest.raises(RetryLater):
            await attachments.fetched(http, [Media(url="https://media.example/a")], 1000)


@pytest.mark.parametrize(
    ("url", "told", "name", "content_type"),
    [
        ("https://media.example/a%20b.pdf", "text/plain; charset=x", "a b.pdf", "text/plain"),
        ("https://media.example/%2e%2e%2fetc", "", "etc", "application/octet-stream"),
        ("https://media.example/", "multipart/mixed", "file-1", "application/octet-stream"),
        ("https://media.example", 'evil"; x/y', "media.example", "application/octet-stream"),
    ],
)
async def test_a_file_without_name_and_type_gets_them_of_its_url_and_its_answer(
    url: str, told: str, name: str, content_type: str
) -> None:
    answer = Canned(status=200, content=b"x", headers={"content-type": told})
    async with Wire(answer).client() as http:
        (file,) = await attachments.fetched(http, [Media(url=url)], 9)
    assert (file.name, file.content_type) == (name, content_type)
