"""Files of mails in a mailbox: read by where they are, and by nothing else."""

import pytest

from plugins.smtp.tests.badbox import BadBox
from plugins.smtp.tests.servers import client_tls
from plugins.smtp.tests.test_conformance import FILED
from trunkline.sdk import Media, OutcomeUnknown, ProviderError, Rejected, Unsupported
from trunkline.testing import Wire, provider_context
from trunkline.testing.media import FILE
from trunkline_smtp.account import MailAccount
from trunkline_smtp.config import SmtpConfig

SETTINGS = {
    "imap_host": "127.0.0.1",
    "imap_security": "none",
    "imap_user": "hub",
    "imap_password": "pw",
}


async def read(url: str, **settings: object) -> bytes | Exception:
    """Return a file, or why there is none."""
    config = SmtpConfig.model_validate({"host": "127.0.0.1", "security": "none", **settings})
    async with Wire(()).client() as http:
        account = MailAccount(config, provider_context(http), client_tls())
        try:
            return b"".join([each async for each in account.fetch_media(Media(url=url))])
        except (ProviderError, Unsupported) as error:
            return error


async def read_of(box: BadBox, url: str, **settings: object) -> bytes | Exception:
    async with box.up() as port:
        return await read(url, **{**SETTINGS, "imap_port": port, **settings})


async def test_a_file_is_read_as_it_was_before_it_was_encoded() -> None:
    assert await read_of(BadBox(mails={5: FILED}), "imap:7:5:0") == b"".join(FILE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("imap:7:6:0", Rejected),  # there is no such mail any more
        ("imap:8:5:0", Rejected),  # the mailbox had other numbers
        ("imap:7:5:1", OutcomeUnknown),  # the mail had more files
        ("imap:7:5", Rejected),
        ("imap:7:5:0:0", Rejected),
        ("imap:7:5:-1", Rejected),
        ("https://mail.example/5", Rejected),
    ],
)
async def test_what_is_not_there_is_not_read(url: str, expected: type[Exception]) -> None:
    assert isinstance(await read_of(BadBox(mails={5: FILED}), url), expected)


async def test_a_mail_that_grew_too_large_to_be_read_is_not() -> None:
    error = await read_of(BadBox(mails={5: FILED}), "imap:7:5:0", max_received_mb=1)

    assert isinstance(error, Rejected)


async def test_an_account_without_a_mailbox_has_no_files() -> None:
    assert isinstance(await read("imap:7:5:0"), Unsupported)
