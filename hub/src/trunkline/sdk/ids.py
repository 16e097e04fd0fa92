"""Time-ordered identifiers behind typed prefixes, from an injected clock and randomness."""

import os
from collections.abc import Callable
from typing import Final

from trunkline.sdk.clock import Clock

_SEQUENCE_BITS: Final = 12

type_prefixes: Final = {
    "msg": "message",
    "att": "attempt",
    "call": "phone call",
    "med": "medium",
    "evt": "inbound event",
    "bat": "batch",
    "exe": "executor",
    "sub": "subscription",
    "occ": "event for a subscriber",
    "use": "what was done and what it cost",
    "alr": "alert",
    "apr": "approval",
    "row": "any other row",
}
"""The prefixes in use and what each one names."""


class IdSource:
    """
    Makes ids such as ``msg_0199c2…``: a prefix and a UUIDv7 in 32 hexadecimal digits.

    Ids of one source sort in the order they were made, also within a millisecond: the 12 bits after
    the timestamp count up (RFC 9562 §6.2, method 1). `entropy(n)` returns n random bytes.
    """

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._entropy = entropy
        self._last_ms = 0
        self._sequence = 0

    def new(self, prefix: str) -> str:
        """Return a new id with one of `type_prefixes`."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        else:
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:  # borrow from the next millisecond
                self._last_ms, self._sequence = self._last_ms + 1, 0
        tail = int.from_bytes(self._entropy(8)) >> 2
        value = self._last_ms << 80 | 0x7 << 76 | self._sequence << 64 | 0b10 << 62 | tail
        return f"{prefix}_{value:032x}"

    def secret(self, length: int = 32) -> bytes:
        """Return `length` random bytes, for keys and tokens."""
        return self._entropy(length)
