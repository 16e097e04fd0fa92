"""The contract of storage: objects of bytes, by key."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Rejected, Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.provider import Provider

_KEY: Final = re.compile(r"(?!\.{1,2}(?:/|\Z))[\w.-]+(?:/(?!\.{1,2}(?:/|\Z))[\w.-]+)*", re.ASCII)
_LONGEST_KEY: Final = 512


def check_key(key: str) -> None:
    """Raise `Rejected` for what is no key; an adapter asks before it does anything with one."""
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise Rejected("That is no key of an object.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """
    What is known of an object without reading it; `modified_at` is aware.

    `content_type` is empty in a list that does not tell it.
    """

    key: str
    length: int
    content_type: str
    modified_at: datetime | None = None


class StorageProvider(Provider):
    """
    Base class of adapters that store.

    Keys are of letters, digits, ``_ - . /``, at most 512 of them; none begins or ends with a slash,
    and no part between slashes is empty, ``.`` or ``..``. Anything else is `Rejected`: `check_key`.

    Every operation may raise:
        RetryLater: The storage is away. Nothing of an object is there that was not before.
        NotSetUp, OutOfCredit: It is full, read-only, or there is no such bucket.
    """

    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        """
        Store an object whole, in place of one that has the key already.

        `content` is read once, piece by piece: never held whole. Until all of it was taken, and
        for ever if `content` raises or ends before `length`, the key is as it was before.

        Raises:
            Rejected: Other bytes came than `length` says.
            OutcomeUnknown: Written, but no usable answer. Storing the same again is safe.
        """
        raise Unsupported("storing")

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """
        Read an object, or what of it is from `start` to before `end`: an asynchronous generator.

        Its reader may go away at any moment; then nothing is left open.

        Raises:
            Rejected: There surely is no such object, or it ends before `start`.
            OutcomeUnknown: It broke off.
        """
        raise Unsupported("reading")

    async def stat(self, key: str) -> StoredObject | None:
        """Return what is known of an object, or None if there surely is none."""
        raise Unsupported("looking up an object")

    async def delete(self, key: str) -> None:
        """Delete an object; absent is fine."""
        raise Unsupported("deleting")

    async def presign(self, key: str, *, expires_s: int) -> str:
        """Return a URL from which anybody can read an object for a while."""
        raise Unsupported("signing URLs")

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Tell of every object whose key begins so, by key: an asynchronous generator."""
        raise Unsupported("listing")


STORAGE: Final = Kind(
    name="storage",
    provider=StorageProvider,
    noun="storage",
    does={
        Capability.STORAGE_WRITE: "put",
        Capability.STORAGE_READ: "get",
        Capability.STORAGE_LIST: "list",
        Capability.STORAGE_PRESIGN: "presign",
    },
)
