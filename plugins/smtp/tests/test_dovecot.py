"""Mails that come in, by a real Dovecot."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import datetime
from typing import cast

import pytest

from plugins.smtp.tests import dovecot
from plugins.smtp.tests.dovecot import PASSWORD, Dovecot
from plugins.smtp.tests.listeners import BOUNCE, COMPLAINT, Hub, mail
from plugins.smtp.tests.servers import aiosmtpd
from plugins.smtp.tests.test_conformance import FILED
from trunkline.sdk import (
    AuthFailed,
    DeliveryStatus,
    Media,
    NotSetUp,
    ProviderError,
    ReceivedEmail,
    Reported,
    Unreadable,
)
from trunkline.testing.media import FILE
from trunkline_smtp import listening


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running() as up:
        yield up


_number = iter(range(1000))


@pytest.fixture
def hub(server: Dovecot) -> Hub:
    """A hub with a mailbox of its own."""
    return Hub(
        {
            "imap_host": "127.0.0.1",
            "imap_port": server.port,
            "imap_security": "none",
            "imap_user": f"hub{next(_number)}",
            "imap_password": PASSWORD,
            "address": "own@example.com",
        }
    )


def user(hub: Hub) -> str:
    return str(hub.settings["imap_user"])


def numbers(events: list[object]) -> list[str]:
    return [each.subject for each in events if isinstance(each, ReceivedEmail)]


async def test_a_file_that_came_in_is_read_where_it_is(server: Dovecot, hub: Hub) -> None:
    await hub.listen(0)
    server.add(user(hub), FILED)
    (told,) = await hub.listen(1)
    assert isinstance(told, ReceivedEmail)
    (file,) = told.attachments

    async with hub.account() as account:
        pieces = [each async for each in account.fetch_media(Media(url=file.url or ""))]

    assert b"".join(pieces) == b"".join(FILE)


async def later(seconds: float, server: Dovecot, hub: Hub, *raws: bytes) -> None:
    await asyncio.sleep(seconds)
    for raw in raws:
        await asyncio.to_thread(server.add, user(hub), raw)


async def test_a_mail_is_told_as_it_comes_in_and_none_of_before(server: Dovecot, hub: Hub) -> None:
    server.add(user(hub), mail(1))
    await hub.listen(0)
    assert hub.events == []

    coming = asyncio.create_task(later(0.5, server, hub, mail(2, body="Grüße")))
    (told,) = await hub.listen(1)
    await coming

    assert isinstance(told, ReceivedEmail)
    assert (told.sender, told.sender_name) == ("rosa@example.org", "Rosa")
    assert (told.recipient, told.subject) == ("hub@example.com", "Nr. 2")
    assert told.body.strip() == "Grüße 2"
    assert told.message_id == "<2@example.org>"
    assert told.occurred_at is not None
    assert abs((datetime.now().astimezone() - told.occurred_at).total_seconds()) < 60
    assert hub.log.events == []


async def test_what_came_in_while_nobody_listened_is_told_once_and_in_order(
    server: Dovecot, hub: Hub
) -> None:
    await hub.listen(0)
    for number in range(5):
        server.add(user(hub), mail(number))

    first = await hub.listen(2)
    rest = await hub.listen(3)

    assert numbers([*first, *rest]) == [f"Nr. {number}" for number in range(5)]


async def test_what_was_not_stored_is_told_again_under_the_same_id(
    server: Dovecot, hub: Hub
) -> None:
    await hub.listen(0)
    server.add(user(hub), mail(1))
    start = hub.position

    (first,) = await hub.listen(1)
    hub.position, hub.events = start, []
    (again,) = await hub.listen(1)

    assert again == first


async def test_a_mailbox_that_is_numbered_anew_loses_and_doubles_nothing(
    server: Dovecot, hub: Hub
) -> None:
    await hub.listen(0)
    for number in (1, 2):
        server.add(user(hub), mail(number))
    await hub.listen(2)
    before = hub.position
    server.admin("mailbox", "update", "-u", user(hub), "--uid-validity", "777", "INBOX")
    server.add(user(hub), mail(3))

    (told,) = await hub.listen(1)
    coming = asyncio.create_task(later(0.5, server, hub, mail(4)))
    await hub.listen(1)
    await coming

    assert isinstance(told, ReceivedEmail)
    assert numbers(list(hub.events)) == ["Nr. 1", "Nr. 2", "Nr. 3", "Nr. 4"]
    assert hub.position is not None
    assert before is not None
    assert hub.position.startswith("777:")
    assert not before.startswith("777:")


async def test_no_mail_is_marked_as_read(server: Dovecot, hub: Hub) -> None:
    await hub.listen(0)
    server.add(user(hub), mail(1))
    await hub.listen(1)

    with server.client(user(hub)) as client:
        client.select()
        assert client.search(None, "UNSEEN") == ("OK", [b"1"])


async def test_a_mail_that_is_too_large_is_told_of_and_keeps_nobody_waiting(
    server: Dovecot, hub: Hub
) -> None:
    hub.settings = {**hub.settings, "max_received_mb": 1}
    await hub.listen(0)
    server.add(user(hub), mail(1, body="x" * 76 + "\r\n" + "y\r\n" * 400_000))
    server.add(user(hub), mail(2))

    large, small = await hub.listen(2)

    assert isinstance(large, Unreadable)
    assert "max_received_mb" in large.reason
    assert numbers([small]) == ["Nr. 2"]


async def test_a_bounce_tells_of_each_recipient_by_itself(server: Dovecot, hub: Hub) -> None:
    await hub.listen(0)
    server.add(user(hub), BOUNCE)

    events = await hub.listen(2)

    assert [isinstance(each, Reported) for each in events] == [True, True]
    whole, copy = cast("list[Reported]", events)
    assert (whole.provider_id, whole.status) == ("<att_1@hub.example>", DeliveryStatus.FAILED)
    assert (whole.vendor_status, whole.error_code) == ("failed", "5.1.1")
    assert (copy.provider_id, copy.error_code) == ("<att_1@hub.example>", "5.2.2")
    assert (whole.recipient, copy.recipient) == ("nobody@example.org", "copy@example.org")
    assert whole.external_id != copy.external_id


async def test_a_complaint_is_of_somebody_who_has_the_mail(server: Dovecot, hub: Hub) -> None:
    await hub.listen(0)
    server.add(user(hub), COMPLAINT)

    (told,) = await hub.listen(1)

    assert isinstance(told, Reported)
    assert (told.provider_id, told.status) == ("<att_2@hub.example>", DeliveryStatus.DELIVERED)
    assert told.vendor_status == told.error_code == "complained"


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_the_connection_is_encrypted_as_the_settings_say(
    server: Dovecot, hub: Hub, security: str
) -> None:
    port = server.tls_port if security == "tls" else server.port
    hub.settings = {**hub.settings, "imap_security": security, "imap_port": port}
    await hub.listen(0)
    coming = asyncio.create_task(later(0.3, server, hub, mail(1)))

    assert numbers(list(await hub.listen(1))) == ["Nr. 1"]
    await coming


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"imap_password": "wrong"}, AuthFailed),
        ({"mailbox": "Nowhere"}, NotSetUp),
        ({"imap_host": "localhost", "imap_security": "tls"}, NotSetUp),
    ],
)
async def test_what_an_operator_must_repair_ends_the_listening(
    server: Dovecot, hub: Hub, wrong: dict[str, object], error: type[ProviderError]
) -> None:
    hub.settings = {**hub.settings, **wrong}
    if wrong.get("imap_security") == "tls":
        hub.settings["imap_port"] = server.tls_port

    with pytest.raises(error) as caught:
        await hub.listen(1)

    assert "wrong" not in str(caught.value)


async def test_another_mailbox_may_be_watched(server: Dovecot, hub: Hub) -> None:
    with server.client(user(hub)) as client:
        client.create('"Agent &- Co"')
    hub.settings = {**hub.settings, "mailbox": "Agent & Co"}
    await hub.listen(0)
    server.add(user(hub), mail(1), '"Agent &- Co"')

    assert numbers(list(await hub.listen(1))) == ["Nr. 1"]


async def test_whoever_is_thrown_out_comes_back_and_misses_nothing(
    server: Dovecot, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_FIRST_PAUSE_S", 0.05)
    await hub.listen(0)

    async def kick() -> None:
        for number in range(3):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(server.admin, "kick", user(hub))
            await asyncio.to_thread(server.add, user(hub), mail(number))

    kicking = asyncio.create_task(kick())
    told = await hub.listen(3)
    await kicking

    assert numbers(list(told)) == ["Nr. 0", "Nr. 1", "Nr. 2"]
    assert [each.event for each in hub.log.events][:2] == ["imap.lost", "imap.back"]
    assert {each.event for each in hub.log.events} == {"imap.lost", "imap.back"}
    assert "@" not in str(hub.log.events)


async def test_listening_ends_at_once_when_the_hub_stops(server: Dovecot, hub: Hub) -> None:
    await hub.listen(0)
    loop = asyncio.get_running_loop()
    async with hub.account() as account:
        told = account.listen(hub.position)
        async with aclosing(told):  # type: ignore[type-var]
            waiting = asyncio.ensure_future(anext(told))
            await asyncio.sleep(0.5)
            before = loop.time()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
    assert loop.time() - before < 1


async def test_verifying_looks_at_the_mailbox_too(server: Dovecot, hub: Hub) -> None:
    async with aiosmtpd(security="none") as (port, kept):
        hub.settings = {**hub.settings, "port": port}
        async with hub.account() as account:
            assert (await account.verify()).name is None
        hub.settings["imap_password"] = "wrong"
        async with hub.account() as account:
            with pytest.raises(AuthFailed):
                await account.verify()
    assert kept.mails == []
