"""Connections to mail servers: none to be had, and one for each mail."""

import asyncio
from dataclasses import replace

import pytest

from plugins.smtp.tests.mailing import MAIL, opened
from plugins.smtp.tests.servers import aiosmtpd, scripted
from trunkline.sdk import RetryLater


async def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    async with scripted({}) as (port, _):
        pass
    async with opened(port) as mailer:
        with pytest.raises(RetryLater) as caught:
            await mailer.send(MAIL)
    assert caught.value.unavailable


async def test_mails_sent_at_once_go_over_connections_of_their_own() -> None:
    mails = [replace(MAIL, message_id=f"<{n}@hub.example>", body=f"{n}\n") for n in range(20)]
    async with aiosmtpd(security="none") as (port, kept), opened(port) as mailer:
        receipts = await asyncio.gather(*(mailer.send(each) for each in mails))
    assert [each.provider_id for each in receipts] == [each.message_id for each in mails]
    assert len(kept.mails) == 20
