"""Who guesses tokens is made to wait: by where guesses come from, and whose token is guessed."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Final, Generic, TypeVar

from trunkline.core.principal import Address
from trunkline.core.problems import TooManyAttempts
from trunkline.sdk import Clock

MOST_KEPT: Final = 10_000
"""Places, guessed tokens and proven ones that are remembered, each; the oldest are forgotten."""
_A_NETWORK_OF_SOMEBODY: Final = 64
"""How many bits of an IPv6 address are one customer's, who has all that follow."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How many failures are free, how long the first wait is, and how long the longest."""

    free: int
    first_s: float
    longest_s: float


OF_PLACE: Final = Backoff(free=30, first_s=30.0, longest_s=900.0)
OF_TOKEN: Final = Backoff(free=5, first_s=1.0, longest_s=60.0)
"""Of guesses at one token from one place: whoever has it uses it from elsewhere all the same."""


class Failures(Generic[K]):
    """How often each of some has failed lately, and until when it has to wait for that."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._known: OrderedDict[K, tuple[int, float, float]] = OrderedDict()

    def wait_s(self, key: K, now_s: float) -> float:
        """Return how long one has to wait."""
        _, _, until_s = self._known.get(key, (0, 0.0, 0.0))
        return max(0.0, until_s - now_s)

    def add(self, key: K, now_s: float) -> None:
        """Note a failure. Those of one who has not failed for the longest wait are forgotten."""
        count, at_s, _ = self._known.pop(key, (0, now_s, 0.0))
        count = count + 1 if now_s - at_s < self._backoff.longest_s else 1
        over = count - self._backoff.free
        wait_s = 0.0
        if over >= 0:
            wait_s = min(self._backoff.first_s * 2.0 ** min(over, 20), self._backoff.longest_s)
        self._known[key] = (count, now_s, now_s + wait_s)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)


class Guessing:
    """
    Remembers wrong tokens, in this process.

    An address that sent too many has to wait, whatever it sends then, except for tokens that have
    proven good from there before: one program with a stale token locks out no other beside it.
    Nothing that anybody sends keeps a token from being used from another address.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places: Failures[str] = Failures(OF_PLACE)
        self._tokens: Failures[tuple[str, str]] = Failures(OF_TOKEN)
        self._guessed: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._proven: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def check(self, address: Address | None, kid: str | None, hashed: bytes) -> None:
        """Raise TooManyAttempts if a token from an address is not even to be looked at."""
        if address is None:
            return
        place, now_s = place_of(address), self._clock.monotonic()
        wait_s = self._places.wait_s(place, now_s)
        if kid is not None:
            wait_s = max(wait_s, self._tokens.wait_s((place, kid), now_s))
        if wait_s and (place, hashed) not in self._proven:
            raise TooManyAttempts(wait_s)

    def was_wrong(self, address: Address | None, kid: str | None, hashed: bytes) -> None:
        """Note that a token from an address is none; the same once more is no further guess."""
        if address is None:
            return
        place, now_s = place_of(address), self._clock.monotonic()
        is_new = (place, hashed) not in self._guessed
        _remember(self._guessed, (place, hashed))
        if not is_new:
            return
        self._places.add(place, now_s)
        if kid is not None:
            self._tokens.add((place, kid), now_s)

    def was_right(self, address: Address | None, hashed: bytes) -> None:
        """Note that a token from an address is good."""
        if address is None:
            return
        _remember(self._proven, (place_of(address), hashed))


def _remember(known: OrderedDict[K, None], key: K) -> None:
    known[key] = None
    known.move_to_end(key)
    if len(known) > MOST_KEPT:
        known.popitem(last=False)


def place_of(address: Address) -> str:
    """Return who is behind an address: of IPv6 a whole network is one customer's."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, _A_NETWORK_OF_SOMEBODY), strict=False))
    return str(address)
