"""Registrations with carriers: each asked for just once, and watched until carriers have judged."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.connections.registry import Connection
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.moves import Move, failed, on, watched
from trunkline.db.schema import provisioning
from trunkline.sdk import (
    TELEPHONY,
    Clock,
    Database,
    Readiness,
    Registration,
    RegistrationKind,
    Rejected,
    Standing,
    TelephonyProvider,
    Tx,
)

PARTS: Final[Mapping[RegistrationKind, Part]] = {
    RegistrationKind.BRAND: Part.BRAND,
    RegistrationKind.CAMPAIGN: Part.CAMPAIGN,
}
_KINDS: Final = {part: kind for kind, part in PARTS.items()}
_FORGOTTEN: Final = Standing(
    readiness=Readiness.MISSING,
    sentence="The provider does not list it any more: register it again with another word.",
)

Facts = Mapping[str, str]


def place(workspace_id: str, row_id: str) -> Place:
    """Return where the facts of a registration lie, until the provider has them."""
    return Place(
        workspace_id=workspace_id,
        table=provisioning.name,
        row_id=row_id,
        column="facts_encrypted",
    )


def digest(connection: str, facts: Facts) -> str:
    """Return what stands for a registration: whoever asks for the same again gets the same."""
    written = json.dumps([connection, sorted(facts.items())], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Carriers:
    """Does the steps of registrations."""

    db: Database
    vendors: Vendors
    seals: Seals
    clock: Clock

    async def move(self, row: Row) -> Move:
        """Do the next step."""
        connection = self.vendors.connection(row.connection, TELEPHONY.name)
        if row.step is Step.WANTED:
            return on(replace(row, asked_at=self.clock.now()), Step.BUYING)
        if row.step is Step.BUYING:
            return await self._ask(connection, row)
        if row.step is Step.ASSIGNED and row.aim is Aim.HAVE:
            listed = await self._listed(connection)
            found = next((each for each in listed if each.provider_id == row.provider_id), None)
            return watched(row, found.standing if found else _FORGOTTEN)
        return Move(row=row)

    async def _ask(self, connection: Connection, row: Row) -> Move:
        """Ask for it, unless it is there: the answer to an earlier try was lost."""
        kind = _KINDS[row.part]

        def look(tx: Tx) -> tuple[bytes | None, set[str]]:
            return repository.facts(tx, row), repository.provider_ids(tx, row)

        sealed, others = await self.db.read(look)
        if sealed is None:
            return failed(row, "What it was asked with is gone: register it again.")
        opened = self.seals.open(place(row.workspace_id, row.id), sealed)
        facts: dict[str, str] = json.loads(opened)
        found = await self._find(connection, row, facts, others)
        if found is None:
            try:
                found = await self.vendors.ask(
                    connection,
                    TelephonyProvider,
                    lambda each: each.register(kind, row.label, facts),
                )
            except Rejected as error:
                found = await self._find(connection, row, facts, others)
                if found is None:
                    return replace(failed(row, str(error)), within=_forget)
        registered = replace(row, step=Step.ASSIGNED, provider_id=found.provider_id, tries=0)
        return replace(watched(registered, found.standing), within=_forget)

    async def _find(
        self, connection: Connection, row: Row, facts: Facts, others: set[str]
    ) -> Registration | None:
        """
        Return the registration that a row asked for, if the provider has it.

        One that was refused is none, as its facts may have been other ones: carriers take days to
        refuse, and an answer is lost for minutes.
        """
        for each in await self._listed(connection):
            if each.kind is not _KINDS[row.part] or each.provider_id in others:
                continue
            if each.name is not None:
                if each.name == row.label:
                    return each
            elif (
                each.facts
                and each.facts.items() <= facts.items()
                and each.standing.readiness is not Readiness.REJECTED
            ):
                return each
        return None

    async def _listed(self, connection: Connection) -> list[Registration]:
        return await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.registrations()
        )


def _forget(tx: Tx, row: Row) -> Row:
    """Remove what it was asked with: the provider has it, or does not want it."""
    repository.put_facts(tx, row, None)
    return row
