"""moto's S3 on loopback, behind a door that lets in only what botocore would have signed so."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Lock, Thread
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET: Final = "media-bucket"
REGION: Final = "eu-central-1"
ACCESS_KEY_ID: Final = "AKIDEXAMPLE000000001"
SECRET: Final = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_CREDENTIALS: Final = Credentials(ACCESS_KEY_ID, SECRET)
_ACCOUNT: Final = "123456789012"
_SKEW: Final = timedelta(minutes=15)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Seen(NamedTuple):
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Door:
    """
    The application, guarded.

    Attributes:
        now: Tells the time by which signatures are judged.
        seen: Method, path, query and headers of all that was asked.
        answers: What is answered instead of moto's answer: the key is a method and a query's name.
    """

    def __init__(self) -> None:
        self.inner = create_backend_app("s3")
        self._alone = Lock()  # moto's buckets are not for several threads
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.seen: list[Seen] = []
        self.answers: dict[tuple[str, str], bytes] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        headers = _headers_of(environ)
        self.seen.append(Seen(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, headers))
        if (fault := self._fault(environ, query, headers)) is not None:
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [f"<Error><Code>{fault}</Code><Message>no</Message></Error>".encode()]
        for name in ("", *query):
            if (answer := self.answers.get((environ["REQUEST_METHOD"], name))) is not None:
                start("200 OK", [("Content-Type", "application/xml")])
                return [answer]
        with self._alone:
            return [*self.inner(environ, start)]

    def begin(self, now: Callable[[], datetime]) -> None:
        """Forget what was seen, and go by another clock."""
        self.now, self.answers = now, {}
        self.seen.clear()

    def _fault(
        self, environ: dict[str, Any], query: dict[str, str], headers: dict[str, str]
    ) -> str | None:
        if "X-Amz-Signature" in query:
            return self._fault_of_link(environ, query, headers)
        given = headers.get("authorization", "")
        if not given:
            return "AccessDenied"
        signed = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        at = datetime.fromisoformat(headers["x-amz-date"])
        if abs(self.now() - at) > _SKEW:
            return "RequestTimeTooSkewed"
        request = AWSRequest(
            method=environ["REQUEST_METHOD"],
            url=_url(environ),
            params=query,
            headers={name: headers[name] for name in signed},
        )
        request.context["timestamp"] = headers["x-amz-date"]
        if headers["x-amz-content-sha256"] != _hash_of(environ):
            return "XAmzContentSHA256Mismatch"
        signer = S3SigV4Auth(_CREDENTIALS, "s3", REGION)
        signature = signer.signature(
            signer.string_to_sign(request, signer.canonical_request(request)), request
        )
        return None if given.endswith(f"Signature={signature}") else "SignatureDoesNotMatch"

    def _fault_of_link(
        self, environ: dict[str, Any], query: dict[str, str], headers: dict[str, str]
    ) -> str | None:
        begins = datetime.fromisoformat(query["X-Amz-Date"])
        if not begins <= self.now() <= begins + timedelta(seconds=int(query["X-Amz-Expires"])):
            return "AccessDenied"
        signed = [(name, query[name]) for name in sorted(query) if name != "X-Amz-Signature"]
        written = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in signed)
        request = AWSRequest(
            method=environ["REQUEST_METHOD"],
            url=f"{_url(environ)}?{written}",
            headers={"host": headers["host"]},
        )
        request.context["timestamp"] = query["X-Amz-Date"]
        signer = S3SigV4QueryAuth(_CREDENTIALS, "s3", REGION)
        signature = signer.signature(
            signer.string_to_sign(request, signer.canonical_request(request)), request
        )
        return None if query["X-Amz-Signature"] == signature else "SignatureDoesNotMatch"


def _headers_of(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in environ:
        headers["content-type"] = environ["CONTENT_TYPE"]
    return headers


def _url(environ: dict[str, Any]) -> str:
    return f"http://{environ['HTTP_HOST']}{quote(environ['PATH_INFO'])}"


def _hash_of(environ: dict[str, Any]) -> str:
    """Return the hash of a body, and put the body back."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return hashlib.sha256(body).hexdigest()


@contextmanager
def served() -> Iterator[tuple[Door, str]]:
    """Serve S3, and tell where."""
    door = Door()
    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield door, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Bucket:
    """moto's bucket, looked at from behind."""

    def make(self) -> None:
        """Let there be an empty one."""
        backend = s3_backends[_ACCOUNT]["global"]
        backend.reset()
        backend.create_bucket(BUCKET, REGION)

    def uploads(self) -> list[object]:
        """Return the uploads that are neither completed nor aborted."""
        return [*s3_backends[_ACCOUNT]["global"].buckets[BUCKET].multiparts.values()]

    def contents(self) -> list[bytes]:
        """Return what is in its objects."""
        keys = s3_backends[_ACCOUNT]["global"].buckets[BUCKET].keys
        return [each.value for each in keys.values()]

    def fill(self, keys: Iterable[str]) -> None:
        """Store objects of a byte."""
        for key in keys:
            s3_backends[_ACCOUNT]["global"].put_object(BUCKET, key, b"1")
