"""The provider: a bucket over the S3 API."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx2

from trunkline.sdk import (
    STREAMED,
    Account,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Rejected,
    StorageProvider,
    StoredObject,
    check_key,
    transport_errors,
)
from trunkline_s3.config import S3Config
from trunkline_s3.failures import code_in, error_of, local_name, read_xml, refusal
from trunkline_s3.parts import Part, in_parts
from trunkline_s3.signing import NOTHING, Signer, written

MOST_PARTS: Final = 10_000
LONGEST_LINK_S: Final = 7 * 86_400
_VENDOR: Final = "The storage"
_UNREADABLE: Final = "The storage's answer cannot be read."


class S3Storage(StorageProvider):
    """One bucket. Bodies and answers are held in parts of five megabytes at most."""

    def __init__(self, config: S3Config, context: ProviderContext) -> None:
        self._url = config.bucket_url
        self._name = config.bucket
        self._http, self._clock, self._log = context.http, context.clock, context.log
        self._connection = context.connection
        self._signer = Signer(
            access_key_id=config.access_key_id,
            secret_access_key=config.secret_access_key.get_secret_value(),
            region=config.region,
        )

    async def verify(self) -> Account:
        await self._page("", {"max-keys": "1"})
        return Account(name=self._name)

    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        check_key(key)
        parts = in_parts(content, length)
        part = await anext(parts)
        if part.is_last:
            await self._asked("PUT", key, part=part, content_type=content_type)
            return StoredObject(key=key, length=len(part.content), content_type=content_type)
        upload_id = await self._begin(key, content_type)
        stored, etags = 0, list[str]()
        try:
            while True:
                stored += len(part.content)
                etags.append(await self._send_part(key, upload_id, len(etags) + 1, part))
                if part.is_last:
                    break
                del part  # so that it is gone while the next one comes
                part = await anext(parts)
        except BaseException:
            await asyncio.shield(self._abort(key, upload_id))
            raise
        await self._complete(key, upload_id, etags)
        return StoredObject(key=key, length=stored, content_type=content_type)

    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        check_key(key)
        if start < 0 or (end is not None and end <= start):
            await self._must_reach(key, start)
            return
        last = "" if end is None else str(end - 1)
        asked = f"bytes={start}-{last}" if start or end is not None else None
        with transport_errors(_VENDOR):
            async with self._http.stream(
                "GET",
                self._url_of(key),
                headers=self._headers("GET", key, range=asked),
                extensions=dict(STREAMED),
            ) as response:
                if response.status_code == 416:
                    await self._must_reach(key, start)
                    return
                if not response.is_success:
                    raise refusal(await _whole(response))
                if start and response.status_code != 206:
                    raise OutcomeUnknown("The storage gave another part than was asked for.")
                came = 0
                async for piece in response.aiter_bytes():
                    came += len(piece)
                    yield piece
                if str(came) != response.headers.get("content-length"):
                    raise OutcomeUnknown("The object broke off.")

    async def stat(self, key: str) -> StoredObject | None:
        check_key(key)
        with transport_errors(_VENDOR):
            response = await self._send("HEAD", key)
        if response.status_code == 404:
            await self._page("", {"max-keys": "1"})  # which tells whether the bucket is there
            return None
        if not response.is_success:
            raise refusal(response)
        length = response.headers.get("content-length", "")
        if not length.isdecimal():
            raise OutcomeUnknown(_UNREADABLE)
        return StoredObject(
            key=key,
            length=int(length),
            content_type=response.headers.get("content-type", "application/octet-stream"),
            modified_at=_date(response.headers.get("last-modified", "")),
        )

    async def delete(self, key: str) -> None:
        check_key(key)
        with transport_errors(_VENDOR):
            response = await self._send("DELETE", key)
        if not response.is_success and code_in(response.content) != "NoSuchKey":
            raise refusal(response)

    async def presign(self, key: str, *, expires_s: int) -> str:
        check_key(key)
        if not 0 < expires_s <= LONGEST_LINK_S:
            raise Rejected("A link of S3's lasts for a second at least, and for 7 days at most.")
        return self._signer.presigned(self._url_of(key), self._clock.now(), expires_s)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        token = ""
        while True:
            more = {"continuation-token": token} if token else {}
            page = await self._page(prefix, more)
            for each in page.iterfind("{*}Contents"):
                if (about := _listed(each)) is not None:
                    yield about
            if page.findtext("{*}IsTruncated") != "true":
                return
            before, token = token, page.findtext("{*}NextContinuationToken") or ""
            if token in {"", before}:
                raise OutcomeUnknown("The storage's list has no end.")

    async def _page(self, prefix: str, more: Mapping[str, str]) -> Element:
        query = {"list-type": "2", "encoding-type": "url", "prefix": prefix, **more}
        return _root(await self._asked("GET", "", query=query), "ListBucketResult")

    async def _begin(self, key: str, content_type: str) -> str:
        begun = await self._asked("POST", key, query={"uploads": ""}, content_type=content_type)
        upload_id = _root(begun, "InitiateMultipartUploadResult").findtext("{*}UploadId")
        if not upload_id:
            raise OutcomeUnknown(_UNREADABLE)
        return upload_id

    async def _send_part(self, key: str, upload_id: str, number: int, part: Part) -> str:
        """Return the part's tag, and keep nothing of it."""
        if number > MOST_PARTS:
            raise Rejected("The object is larger than the storage takes.")
        query = {"partNumber": str(number), "uploadId": upload_id}
        tag = (await self._asked("PUT", key, query=query, part=part)).headers.get("etag")
        if not tag:
            raise OutcomeUnknown(_UNREADABLE)
        return str(tag)

    async def _complete(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>"
            for number, tag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        part = Part(body, hashlib.sha256(body).hexdigest(), is_last=True)
        try:
            answer = await self._asked("POST", key, query={"uploadId": upload_id}, part=part)
            _root(answer, "CompleteMultipartUploadResult")
        except OutcomeUnknown:
            raise  # it may be whole by now
        except BaseException:
            await asyncio.shield(self._abort(key, upload_id))
            raise

    async def _abort(self, key: str, upload_id: str) -> None:
        try:
            with transport_errors(_VENDOR):
                response = await self._send("DELETE", key, query={"uploadId": upload_id})
            if not response.is_success and response.status_code != 404:
                raise refusal(response)
        except ProviderError as error:
            self._log.warning(
                "s3.upload_left", connection=self._connection, error_type=type(error).__name__
            )

    async def _must_reach(self, key: str, start: int) -> None:
        about = await self.stat(key)
        if about is None or not 0 <= start <= about.length:
            raise Rejected("There is no such object, or it ends before that.")

    async def _asked(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        part: Part | None = None,
        content_type: str | None = None,
    ) -> httpx2.Response:
        """Return the answer to a request, which is a success."""
        with transport_errors(_VENDOR):
            response = await self._send(
                method, key, query=query, part=part, content_type=content_type
            )
        if not response.is_success:
            raise refusal(response)
        return response

    async def _send(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        part: Part | None = None,
        content_type: str | None = None,
    ) -> httpx2.Response:
        url = self._url_of(key)
        return await self._http.request(
            method,
            f"{url}?{written(query)}" if query else url,
            content=part.content if part else None,
            headers=self._headers(method, key, query, part, content_type=content_type),
        )

    def _headers(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] | None = None,
        part: Part | None = None,
        **more: str | None,
    ) -> dict[str, str]:
        sha256 = part.sha256 if part else NOTHING
        at = self._clock.now()
        given = {name: value for name, value in more.items() if value is not None}
        signed = self._signer.headers(method, self._url_of(key), query or {}, sha256, at, **given)
        return {**signed, "accept-encoding": "identity"}

    def _url_of(self, key: str) -> str:
        return f"{self._url}/{key}" if key else self._url


async def _whole(response: httpx2.Response) -> httpx2.Response:
    await response.aread()
    return response


def _root(response: httpx2.Response, name: str) -> Element:
    """Return an answer's XML, which may be an error though its status is that of a success."""
    root = read_xml(response.content)
    if local_name(root) == "Error":
        raise error_of(code_in(response.content), httpx2.Response(500))
    if local_name(root) != name:
        raise OutcomeUnknown(_UNREADABLE)
    return root


def _listed(entry: Element) -> StoredObject | None:
    """Return an entry of a list, or None of what others keep in the bucket under odd keys."""
    key, size = unquote(entry.findtext("{*}Key") or ""), entry.findtext("{*}Size") or ""
    try:
        check_key(key)
    except Rejected:
        return None
    if not size.isdecimal():
        raise OutcomeUnknown(_UNREADABLE)
    return StoredObject(
        key=key,
        length=int(size),
        content_type="",
        modified_at=_iso(entry.findtext("{*}LastModified") or ""),
    )


def _iso(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
