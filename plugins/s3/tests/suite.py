"""The suite of storage for S3, on moto's server."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from plugins.s3.tests.server import ACCESS_KEY_ID, BUCKET, REGION, SECRET, Bucket, Door
from trunkline.sdk import StorageProvider
from trunkline.testing import Canned
from trunkline.testing.storage import BaseStorageConformance
from trunkline_s3.plugin import S3


def error(status: int, code: str) -> Canned:
    """Return a refusal as S3 writes it, which quotes the key."""
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>"
        "<Message>It went wrong with people/ann-0150/photo.png</Message>"
        "<Resource>/media-bucket/people/ann-0150/photo.png</Resource></Error>"
    )
    return Canned(status=status, content=body.encode())


class S3Suite(BaseStorageConformance):
    spec = S3
    answers = {  # noqa: RUF012 - as the suite has it
        "rate_limited": error(503, "SlowDown"),
        "server_error": error(500, "InternalError"),
        "bad_credentials": error(403, "SignatureDoesNotMatch"),
        "no_place": error(404, "NoSuchBucket"),
        "read_only": error(403, "AccessDenied"),
        "full": error(507, "XMinioStorageFull"),
    }
    place: ClassVar[tuple[Door, str]]
    bucket = Bucket()

    def begin(self, directory: Path) -> None:
        super().begin(directory)
        door, url = self.place
        self.bucket.make()
        door.begin(self.clock.now)
        type(self).config = {
            "bucket": BUCKET,
            "access_key_id": ACCESS_KEY_ID,
            "secret_access_key": SECRET,
            "region": REGION,
            "endpoint_url": url,
        }

    def leftovers(self) -> Sequence[object]:
        return self.bucket.uploads()

    async def fill(self, storage: StorageProvider, keys: Sequence[str]) -> None:
        self.bucket.fill(keys)
