"""Signatures are botocore's, letter for letter."""

import hashlib
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from trunkline_s3.signing import Signer, written

AT: Final = datetime(2026, 1, 15, 12, 0, 7, tzinfo=UTC)
KEYS: Final = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SIGNER: Final = Signer(access_key_id=KEYS[0], secret_access_key=KEYS[1], region="eu-west-3")
BODY: Final = b"<a/>"
URLS: Final = [
    "https://acme.s3.eu-west-3.amazonaws.com/people/ann/photo.png",
    "https://acme.s3.eu-west-3.amazonaws.com/",
    "https://s3.eu-west-3.amazonaws.com/acme",
    "http://minio.lan:9000/acme/a/.../-_.x",
    "https://ref.storage.supabase.co:443/storage/v1/s3/acme/a",
]
QUERIES: Final[list[dict[str, str]]] = [
    {},
    {"uploads": ""},
    {"partNumber": "10", "uploadId": "a+b/c=d e&f~g%"},
    {"prefix": "", "list-type": "2", "continuation-token": "1/+=é"},
]


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: AT)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    ("method", "more"),
    [("GET", {"range": "bytes=5-9"}), ("PUT", {"content_type": "text/plain;  charset=utf-8"})],
)
def test_a_request_is_signed_as_botocore_signs_it(
    url: str, query: dict[str, str], method: str, more: dict[str, str]
) -> None:
    ours = SIGNER.headers(method, url, query, hashlib.sha256(BODY).hexdigest(), AT, **more)

    headers = {name.replace("_", "-"): value for name, value in more.items()}
    request = AWSRequest(method, url, headers=headers, data=BODY, params=query)
    S3SigV4Auth(Credentials(*KEYS), "s3", "eu-west-3").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


@pytest.mark.parametrize("url", URLS)
def test_a_link_is_signed_as_botocore_signs_it(url: str) -> None:
    ours = SIGNER.presigned(url, AT, 3600)

    request = AWSRequest("GET", url)
    S3SigV4QueryAuth(Credentials(*KEYS), "s3", "eu-west-3", expires=3600).add_auth(request)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(request.url).query)


def test_a_query_is_written_in_the_order_of_its_names() -> None:
    assert written({"b": "2 &", "a": "1/=", "B": "~-_."}) == "B=~-_.&a=1%2F%3D&b=2%20%26"
