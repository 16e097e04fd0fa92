"""Whose word on a mail's authenticity is believed where a host writes it below its own line."""

from typing import Final

import pytest

from trunkline.sdk import MailAuthentication, Verdict
from trunkline.sdk.mail import read_mail

UNKNOWN: Final = MailAuthentication()
GMAIL: Final = "Received: from x.test (x.test [192.0.2.1]) by mx.google.com with ESMTPS id 1"
FOUND: Final = "Authentication-Results: mx.google.com; dkim=fail; spf=fail; dmarc=fail"
FORGED: Final = FOUND.replace("fail", "pass")
FAILED: Final = MailAuthentication(spf=Verdict.FAIL, dkim=Verdict.FAIL, dmarc=Verdict.FAIL)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["Received: by 2002:a05::1 with SMTP id 2", GMAIL, "Received-SPF: fail", FOUND], FAILED),
        ([GMAIL, "Received-SPF: fail", FOUND, FORGED], FAILED),
        ([GMAIL, "Received-SPF: fail", FOUND, "Received: by mx.google.com", FORGED], FAILED),
        ([GMAIL, "DKIM-Signature: v=1", FORGED], UNKNOWN),
        ([GMAIL.replace("mx.google.com", "mx.evil.test"), FORGED], UNKNOWN),
        ([FOUND, GMAIL, FORGED], FAILED),
    ],
)
def test_of_a_host_that_writes_below_its_line_the_first_word_is_believed(
    lines: list[str], found: MailAuthentication
) -> None:
    trusted = frozenset({"mx.google.com"})
    raw = "\r\n".join([*lines, "", "Hello"]).encode()
    assert read_mail(raw, trusted_hosts=trusted).authentication == found
