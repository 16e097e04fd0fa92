"""Amazon's Signature Version 4 for S3, in a header and in a query."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import httpx2

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
NOTHING: Final = hashlib.sha256(b"").hexdigest()
"""The hash of a body that is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs with one pair of keys in one region. `at` is always aware."""

    access_key_id: str
    secret_access_key: str
    region: str

    def headers(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        payload_sha256: str,
        at: datetime,
        **more: str,
    ) -> dict[str, str]:
        """Return all headers of a request but its ``Host``; `more` are signed along."""
        stamp = _stamp(at)
        headers = {
            **{name.lower().replace("_", "-"): value for name, value in more.items()},
            "x-amz-content-sha256": payload_sha256,
            "x-amz-date": stamp,
        }
        signed = {"host": _host(url), **headers}
        signature = self._signature(method, url, query, signed, payload_sha256, stamp)
        names = ";".join(sorted(signed))
        return {
            **headers,
            "authorization": f"{_ALGORITHM} Credential={self._credential(stamp)}, "
            f"SignedHeaders={names}, Signature={signature}",
        }

    def presigned(self, url: str, at: datetime, expires_s: int) -> str:
        """Return a URL from which anybody can read for so many seconds."""
        stamp = _stamp(at)
        query = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": self._credential(stamp),
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": "host",
        }
        host = {"host": _host(url)}
        signature = self._signature("GET", url, query, host, _UNSIGNED, stamp)
        return f"{url}?{written(query)}&X-Amz-Signature={signature}"

    def _credential(self, stamp: str) -> str:
        return f"{self.access_key_id}/{self._scope(stamp)}"

    def _scope(self, stamp: str) -> str:
        return f"{stamp[:8]}/{self.region}/s3/aws4_request"

    def _signature(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        payload_sha256: str,
        stamp: str,
    ) -> str:
        lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers)]
        request = "\n".join(
            [
                method,
                httpx2.URL(url).raw_path.decode(),
                written(query),
                "".join(lines),
                ";".join(sorted(headers)),
                payload_sha256,
            ]
        )
        key = f"AWS4{self.secret_access_key}".encode()
        for part in self._scope(stamp).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        hashed = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{stamp}\n{self._scope(stamp)}\n{hashed}"
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


def written(query: Mapping[str, str]) -> str:
    """Return a query as it is signed, and sent."""
    pairs = sorted((quote(name, safe="-_.~"), quote(query[name], safe="-_.~")) for name in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _host(url: str) -> str:
    """Return the host as the client writes it: without a port that goes without saying."""
    return httpx2.URL(url).netloc.decode()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
