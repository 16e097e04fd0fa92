"""Mails as they are written, byte by byte."""

from typing import Final

from trunkline.sdk import MailAuthentication, Verdict

HOST: Final = frozenset({"mx.hub.test"})
RECEIVED: Final = (
    "Received: from out.rosa.test by mx.hub.test with ESMTPS id 1;\r\n Tue, 3 Nov 2026"
)
PASSED: Final = MailAuthentication(spf=Verdict.PASS, dkim=Verdict.PASS, dmarc=Verdict.PASS)
UNKNOWN: Final = MailAuthentication()


def mail(*lines: str, body: str = "Hello") -> bytes:
    return "\r\n".join([*lines, "", body]).encode()


def parts(*inside: str, kind: str = "mixed", border: str = "b") -> bytes:
    body = "".join(f"--{border}\r\n{part}\r\n" for part in inside) + f"--{border}--\r\n"
    return mail(f'Content-Type: multipart/{kind}; boundary="{border}"', body=body)
