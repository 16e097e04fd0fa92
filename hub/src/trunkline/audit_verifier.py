"""
Verify an exported record of a Trunkline hub. It needs this file, Python 3.11, and nothing else.

    python3 audit_verifier.py --keys KEYS RECORD [CHECKPOINTS...]

RECORD and KEYS are printed by `trunkline audit export` and `audit keys --json`, CHECKPOINTS copies
of audit-checkpoints.jsonl. It ends with 0 if all is as it was written, 1 if not, 2 if unreadable.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

GENESIS: Final = bytes(32)
RESTORED: Final = "database.restored"
MOST_FAULTS: Final = 100
Fault = tuple[str, int, str]  # changed, missing, unlinked, rebuilt, cut or forged; row; sentence
IsOf = Callable[[bytes, bytes, bytes], bool]  # of a public key: a signature, of a message


class Row(NamedTuple):
    """One act. No text but `details` has a line break: what is hashed reads in one way only."""

    seq: int
    workspace: str
    id: str
    timestamp: str
    event_type: str
    actor: str
    target: str
    details: str
    prev_hash: bytes
    row_hash: bytes


class Checkpoint(NamedTuple):
    """What was signed: the record went so far then, and its last row had this hash."""

    workspace: str
    seq: int
    row_hash: bytes
    timestamp: str
    public_key: bytes
    signature: bytes

    def signed(self) -> bytes:
        """Return what the signature is of."""
        lines = (self.workspace, str(self.seq), self.row_hash.hex(), self.timestamp)
        return "\n".join(("trunkline audit checkpoint 1", *lines)).encode()


def hash_of(key: bytes, before: bytes, fields: tuple[Any, ...]) -> bytes:
    """Return the hash of a row whose fields are those up to `details`, after another's hash."""
    return hmac.digest(key, before + "\n".join((str(fields[0]), *fields[1:])).encode(), "sha256")


class Record:
    """Takes the checkpoints first, then the rows in order; `end` gives what is wrong."""

    def __init__(self, key: bytes, public_key: bytes, is_of: IsOf) -> None:
        self.rows, self.last_seq, self.head, self.fault_count = 0, 0, GENESIS, 0
        self.faults: list[Fault] = []
        self.checkpoints: set[Checkpoint] = set()
        self.lost: list[Checkpoint] = []
        self._key, self._public_key, self._is_of = key, public_key, is_of
        self._found: dict[int, bytes | None] = {}
        self._restored: list[Row] = []

    def take_checkpoint(self, signed: Checkpoint) -> None:
        """Take a checkpoint, wherever it was kept."""
        if signed.public_key != self._public_key:
            self.fault("forged", signed.seq, "its checkpoint is signed with another hub's key")
        elif not self._is_of(signed.public_key, signed.signature, signed.signed()):
            self.fault("forged", signed.seq, "the signature of its checkpoint is not the hub's")
        else:
            self.checkpoints.add(signed)
            self._found[signed.seq] = None

    def take_rows(self, rows: Iterable[Row]) -> None:
        """Take the next rows."""
        key, found, seq, head = self._key, self._found, self.last_seq, self.head
        for row in rows:
            if row[0] > seq + 1:
                self.fault("missing", seq + 1, f"rows {seq + 1} to {row[0] - 1} are missing")
            elif row[0] <= seq or row[8] != head:
                self.fault("unlinked", row[0], "it does not follow the row before it")
            if hash_of(key, row[8], row[:8]) != row[9]:
                self.fault("changed", row[0], "it is not what was written")
            elif row[4] == RESTORED:
                self._restored.append(row)
            seq, head = row[0], row[9]
            if seq in found:
                found[seq] = head
            self.rows += 1
        self.last_seq, self.head = seq, head

    def end(self) -> list[Fault]:
        """Compare the rows with what was signed; what a restored backup lost is no fault."""
        for each in sorted(self.checkpoints, key=lambda signed: signed.seq):
            seq, found = each.seq, self._found[each.seq]
            if found == each.row_hash:
                continue
            if any(row[0] <= seq and row[3] >= each.timestamp for row in self._restored):
                self.lost.append(each)
            elif found is not None:
                self.fault("rebuilt", seq, f"it is not the row that was signed {each.timestamp}")
            elif seq > self.last_seq:
                self.fault("cut", self.last_seq + 1, f"row {seq} was signed {each.timestamp}")
        return self.faults

    def fault(self, kind: str, seq: int, sentence: str) -> None:
        """Note what is wrong."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((kind, seq, sentence))


# Ed25519 as RFC 8032 has it in section 5.1.7: Python's standard library has none.
_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]  # extended coordinates


def _add(one: _Point, other: _Point) -> _Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]), (one[1] + one[0]) * (other[1] + other[0])
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2]
    e, f, g, h = (b - a) % _P, (d - c) % _P, (d + c) % _P, (b + a) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: _Point) -> _Point:
    product = (0, 1, 1, 0)
    for bit in reversed(f"{number:b}"):
        product, point = _add(product, point) if bit == "1" else product, _add(point, point)
    return product


def _point(encoded: bytes) -> _Point:
    sign, y = divmod(int.from_bytes(encoded, "little"), 1 << 255)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    x = x if x * x % _P == square else x * pow(2, (_P - 1) // 4, _P) % _P
    if len(encoded) != 32 or y >= _P or x * x % _P != square or (sign and not x):
        raise ValueError("no point of the curve")
    x = x if x % 2 == sign else _P - x
    return x, y, 1, x * y % _P


_BASE: Final = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def is_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is of a message."""
    s = int.from_bytes(signature[32:], "little")
    try:
        a, r = _point(public_key), _point(signature[:32])
    except ValueError:
        return False
    hashed = hashlib.sha512(signature[:32] + public_key + message).digest()
    one, other = _times(s, _BASE), _add(r, _times(int.from_bytes(hashed, "little") % _L, a))
    return s < _L and all((one[i] * other[2] - other[i] * one[2]) % _P == 0 for i in (0, 1))


def read(path: str) -> Iterator[Row | Checkpoint]:
    """Yield what stands in a file; the names in a line are in the order of the fields."""
    raw = ("prevHash", "rowHash", "publicKey", "signature")
    with Path(path).open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            values: Any = (bytes.fromhex(v) if name in raw else v for name, v in line.items())
            yield Row(*values) if "prevHash" in line else Checkpoint(*values)


def main(arguments: list[str]) -> int:
    """Judge the files named on the command line."""
    try:
        _, keys, *paths = arguments
        given = json.loads(Path(keys).read_bytes())
        key, public_key = bytes.fromhex(given["chainKey"]), bytes.fromhex(given["publicKey"])
        record = Record(key, public_key, is_ed25519)
        for each in (each for path in paths for each in read(path)):
            if isinstance(each, Checkpoint):
                record.take_checkpoint(each)
        record.take_rows(each for each in read(paths[0]) if isinstance(each, Row))
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"{__doc__}\nIt cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    for kind, seq, sentence in record.end():
        print(f"{kind}: row {seq}: {sentence}")
    signed, lost = len(record.checkpoints), len(record.lost)  # by a backup that was restored
    print(f"{record.rows} rows, {signed} checkpoints ({lost} lost), {record.fault_count} faults")
    return 1 if record.fault_count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
