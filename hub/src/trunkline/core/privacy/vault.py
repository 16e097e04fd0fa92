"""
The body vault: the only place where the text of a message waits, encrypted, until it is shredded.

AES-256-GCM under a key per contact, which is itself wrapped by the hub's key for bodies:
destroying a contact's key makes all its bodies unreadable at once. The associated data binds each
ciphertext to its workspace, table, row, column and key.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.core.addresses import canonical
from trunkline.core.privacy.keys import NONCE_BYTES, Keys, Purpose, Unreadable, decrypt
from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import body_vault, contact_keys, messages
from trunkline.sdk import Clock, IdSource, Tx

__all__ = ["BodyVault", "ContactKey", "Place", "Unreadable", "unwrap", "wrap"]
_VERSION: Final = b"\x01"
_CACHED_KEYS: Final = 10_000
_SWEEP_ROWS: Final = 500
_PSEUDONYM: Final = 32

_FIND_KEY = Hot(
    sa.select(contact_keys.c.id, contact_keys.c.wrapped_key).where(
        contact_keys.c.workspace_id == sa.bindparam("workspace_id"),
        contact_keys.c.contact_hash == sa.bindparam("contact_hash"),
    )
)
_WRAPPED_KEY = Hot(
    sa.select(contact_keys.c.wrapped_key).where(
        contact_keys.c.workspace_id == sa.bindparam("workspace_id"),
        contact_keys.c.id == sa.bindparam("key_id"),
    )
)
_ADD_BODY = Hot(sa.insert(body_vault))
_SHRED = Hot(
    sa.delete(body_vault).where(
        body_vault.c.workspace_id == sa.bindparam("workspace_id"),
        body_vault.c.owner_table == sa.bindparam("owner_table"),
        body_vault.c.owner_id == sa.bindparam("owner_id"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a body belongs: the row and column it is the text of."""

    workspace_id: str
    table: str
    row_id: str
    column: str = "body"

    def bind(self, key_id: str) -> bytes:
        """Return the associated data that ties a ciphertext to this place."""
        return "|".join((self.workspace_id, self.table, self.row_id, self.column, key_id)).encode()


@dataclass(frozen=True, slots=True)
class ContactKey:
    """The key of a contact."""

    id: str
    secret: bytes

    def commitment(self, contact: str) -> str:
        """
        Return what stands for the contact where nothing personal may.

        Whoever has the address, and a hub that has the key, can tell that it is theirs; after an
        erasure nobody can.
        """
        salt = hmac.digest(self.secret, b"trunkline/v1/commitment", "sha256")
        return hmac.digest(salt, canonical(contact).encode(), "sha256")[:16].hex()


class BodyVault:
    """Seals, opens and shreds bodies. Every method runs inside the caller's transaction."""

    def __init__(self, keys: Keys, clock: Clock, ids: IdSource, *, hold_hours: int) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._hold = timedelta(hours=hold_hours)
        self._known: dict[tuple[str, bytes], ContactKey] = {}

    def pseudonyms(self, workspace_id: str, addresses: Iterable[str]) -> str | None:
        """Return what addresses are known again by, with blanks between them; None for none."""
        found = (
            self._keys.digest(Purpose.PSEUDONYMS, "address", workspace_id, canonical(each))
            for each in addresses
        )
        return " ".join(each.hex()[:_PSEUDONYM] for each in found) or None

    def erased(self, workspace_id: str, address: str) -> str:
        """Return what stands for an address that was erased and must still be known again."""
        digest = self._keys.digest(Purpose.PSEUDONYMS, "erased", workspace_id, canonical(address))
        return f"erased:{digest.hex()[:40]}"

    def contact_hash(self, workspace_id: str, contact: str) -> bytes:
        """Return what a contact's key is found by."""
        return self._keys.digest(Purpose.PSEUDONYMS, "contact", workspace_id, canonical(contact))

    def key(self, tx: Tx, workspace_id: str, contact: str) -> ContactKey:
        """Return a contact's key, which is made if there is none."""
        return self._contact_key(tx, workspace_id, contact)

    def known_key(self, tx: Tx, workspace_id: str, contact: str) -> ContactKey | None:
        """Return a contact's key; None if the contact has none, or was erased."""
        contact_hash = self.contact_hash(workspace_id, contact)
        rows = _FIND_KEY(tx, {"workspace_id": workspace_id, "contact_hash": contact_hash})
        if not rows:
            return None
        key_id, wrapped = rows[0]
        return ContactKey(key_id, unwrap(self._keys, workspace_id, key_id, wrapped))

    def forget(self) -> None:
        """Look every contact's key up anew: some may have been destroyed."""
        self._known.clear()

    def hold(
        self,
        tx: Tx,
        place: Place,
        contact: str | ContactKey,
        body: str,
        *,
        since: datetime | None = None,
    ) -> None:
        """Put a body into the vault, for the hold time after `since` (or now) at most."""
        key = self._key_of(tx, place, contact)
        now = self._clock.now()
        _ADD_BODY.put(
            tx,
            {
                "id": self._ids.new("row"),
                "workspace_id": place.workspace_id,
                "created_at": now,
                "owner_table": place.table,
                "owner_id": place.row_id,
                "key_id": key.id,
                "ciphertext": self._encrypt(key, place, body.encode()),
                "expires_at": (since or now) + self._hold,
            },
        )

    def seal(self, tx: Tx, place: Place, contact: str | ContactKey, body: str) -> bytes:
        """Return a body as ciphertext, for the column of an owner who chose to keep it."""
        key = self._key_of(tx, place, contact)
        return key.id.encode() + b":" + self._encrypt(key, place, body.encode())

    def unseal(self, tx: Tx, place: Place, sealed: bytes) -> str | None:
        """
        Return a kept body, or None when its contact's key was destroyed.

        Raises:
            Unreadable: It was not encrypted for this place, or not by this hub.
        """
        key_id, _, ciphertext = sealed.partition(b":")
        wanted = {"workspace_id": place.workspace_id, "key_id": key_id.decode()}
        wrapped = _WRAPPED_KEY(tx, wanted)
        return self.unlock(place, key_id.decode(), wrapped[0][0], ciphertext) if wrapped else None

    def held(self, tx: Tx, place: Place) -> str | None:
        """
        Return a held body, or None once it was shredded, its time is over or its key destroyed.

        Raises:
            Unreadable: It was not encrypted for this place, or not by this hub.
        """
        found = tx.execute(
            sa.select(contact_keys.c.id, contact_keys.c.wrapped_key, body_vault.c.ciphertext)
            .join(
                contact_keys,
                sa.and_(
                    contact_keys.c.workspace_id == body_vault.c.workspace_id,
                    contact_keys.c.id == body_vault.c.key_id,
                ),
            )
            .where(
                body_vault.c.workspace_id == place.workspace_id,
                body_vault.c.owner_table == place.table,
                body_vault.c.owner_id == place.row_id,
                body_vault.c.expires_at > self._clock.now(),
            )
        ).first()
        if found is None:
            return None
        return self.unlock(place, found.id, found.wrapped_key, found.ciphertext)

    def unlock(self, place: Place, key_id: str, wrapped_key: bytes, ciphertext: bytes) -> str:
        """
        Return a held body.

        Raises:
            Unreadable: It was not encrypted for this place, or not by this hub.
        """
        secret = unwrap(self._keys, place.workspace_id, key_id, wrapped_key)
        return decrypt(AESGCM(secret), ciphertext, place.bind(key_id)).decode()

    def shred(self, tx: Tx, place: Place) -> None:
        """Remove a held body; nothing happens if it is gone already."""
        _SHRED.put(
            tx,
            {
                "workspace_id": place.workspace_id,
                "owner_table": place.table,
                "owner_id": place.row_id,
            },
        )

    def sweep(self, tx: Tx) -> int:
        """Shred what is past its time, at most 500 bodies a call, and return how many."""
        now = self._clock.now()
        return self._sweep_held(tx, now) + self._sweep_kept(tx, now)

    def _sweep_held(self, tx: Tx, now: datetime) -> int:
        overdue = tx.execute(
            sa.select(body_vault.c.id, body_vault.c.owner_table, body_vault.c.owner_id)
            .where(body_vault.c.expires_at <= now)
            .order_by(body_vault.c.expires_at)
            .limit(_SWEEP_ROWS)
        ).all()
        owners = [row.owner_id for row in overdue if row.owner_table == messages.name]
        tx.execute(sa.delete(body_vault).where(body_vault.c.id.in_([row.id for row in overdue])))
        tx.execute(
            sa.update(messages)
            .where(messages.c.id.in_(owners), messages.c.body_state == "held")
            .values(body_state="shredded")
        )
        return len(overdue)

    def _sweep_kept(self, tx: Tx, now: datetime) -> int:
        overdue = sa.select(messages.c.id).where(messages.c.body_until <= now).limit(_SWEEP_ROWS)
        return tx.execute(
            sa.update(messages)
            .where(messages.c.id.in_(overdue))
            .values(body=None, body_state="shredded", body_until=None)
        ).rowcount

    def _encrypt(self, key: ContactKey, place: Place, plain: bytes) -> bytes:
        nonce = self._ids.secret(NONCE_BYTES)
        return _VERSION + nonce + AESGCM(key.secret).encrypt(nonce, plain, place.bind(key.id))

    def _key_of(self, tx: Tx, place: Place, contact: str | ContactKey) -> ContactKey:
        if isinstance(contact, ContactKey):
            return contact
        return self._contact_key(tx, place.workspace_id, contact)

    def _contact_key(self, tx: Tx, workspace_id: str, contact: str) -> ContactKey:
        contact_hash = self.contact_hash(workspace_id, contact)
        known = self._known.get((workspace_id, contact_hash))
        if known is not None:
            return known
        wanted = {"workspace_id": workspace_id, "contact_hash": contact_hash}
        rows = _FIND_KEY(tx, wanted)
        if not rows:
            hold(tx, "contact", workspace_id, contact_hash.hex())
            rows = _FIND_KEY(tx, wanted)
        if not rows:
            # Not remembered: the transaction may yet be undone, and the key with it.
            return self._new_contact_key(tx, workspace_id, contact_hash)
        key_id, wrapped = rows[0]
        key = ContactKey(key_id, unwrap(self._keys, workspace_id, key_id, wrapped))
        if len(self._known) >= _CACHED_KEYS:
            self._known.clear()
        self._known[workspace_id, contact_hash] = key
        return key

    def _new_contact_key(self, tx: Tx, workspace_id: str, contact_hash: bytes) -> ContactKey:
        key = ContactKey(self._ids.new("row"), self._ids.secret(32))
        wrapped = wrap(self._keys, self._ids, workspace_id, key.id, key.secret)
        tx.execute(
            sa.insert(contact_keys).values(
                id=key.id,
                workspace_id=workspace_id,
                created_at=self._clock.now(),
                contact_hash=contact_hash,
                wrapped_key=wrapped,
            )
        )
        return key


def wrap(keys: Keys, ids: IdSource, workspace_id: str, key_id: str, secret: bytes) -> bytes:
    """Return the key of a contact as ciphertext."""
    nonce, bind = ids.secret(NONCE_BYTES), _wrap_bind(workspace_id, key_id)
    return keys.seal(Purpose.BODIES, nonce, secret, bind)


def unwrap(keys: Keys, workspace_id: str, key_id: str, wrapped: bytes) -> bytes:
    """Return the key of a contact; Unreadable if it is not this one's."""
    return keys.open(Purpose.BODIES, wrapped, _wrap_bind(workspace_id, key_id))


def _wrap_bind(workspace_id: str, key_id: str) -> bytes:
    return f"{workspace_id}|contact_keys|{key_id}|wrapped_key".encode()
