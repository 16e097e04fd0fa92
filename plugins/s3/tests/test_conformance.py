"""The hub's suite of storage, against moto's S3, which takes what botocore would have signed so."""

from collections.abc import Iterator

import pytest

from plugins.s3.tests.server import served
from plugins.s3.tests.suite import S3Suite


class TestS3(S3Suite):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _served(cls) -> Iterator[None]:
        with served() as cls.place:
            yield
