"""The verbs of registrations with carriers."""

import json
from dataclasses import dataclass
from typing import Final

from trunkline.core.audit.service import Audit
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.principal import Principal
from trunkline.core.privacy.sealing import Seals
from trunkline.core.problems import Invalid, Missing, NotFound
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.carriers import PARTS, Facts, digest, place
from trunkline.core.provisioning.models import Aim, Row, Step
from trunkline.sdk import (
    TELEPHONY,
    Capability,
    Clock,
    Database,
    IdSource,
    RegistrationKind,
    Tx,
)

_MOST_FACTS: Final = 40
_OWNER: Final = "carriers:"
"""Begins the owner of a registration's row; no agent's id has a colon."""


@dataclass(frozen=True, slots=True)
class Registering:
    """Registers businesses, and what they send, with carriers, and tells how that stands."""

    db: Database
    connections: Connections
    engine: Engine
    seals: Seals
    clock: Clock
    ids: IdSource
    audit: Audit

    async def register(
        self, by: Principal, kind: RegistrationKind, connection: str | None, facts: Facts
    ) -> Row:
        """
        Store that a registration is wanted, and let the engine ask for it.

        The same facts once more are the same registration, unless it failed. `facts` are the
        provider's own fields; what is missing or wrong its adapter says, as the row's reason.
        """
        serves = self._serving(connection)
        if not facts or len(facts) > _MOST_FACTS:
            raise Invalid("facts", f"give 1 to {_MOST_FACTS} of the provider's fields.")
        part, now, row_id = PARTS[kind], self.clock.now(), self.ids.new("row")
        row = Row(
            id=row_id,
            workspace_id=by.workspace_id,
            agent_id=f"{_OWNER}{row_id}",
            part=part,
            aim=Aim.HAVE,
            step=Step.WANTED,
            connection=serves.name,
            address=digest(serves.name, facts),
        )
        written = json.dumps(dict(facts), ensure_ascii=False).encode()
        sealed = self.seals.seal(place(by.workspace_id, row_id), written)

        def fn(tx: Tx) -> Row:
            repository.addresses_in_use(tx, by.workspace_id, part)  # nobody else asks meanwhile
            known = repository.registered(tx, by.workspace_id)
            same = [each for each in known if (each.part, each.address) == (part, row.address)]
            if same:
                return same[0]
            repository.add(tx, row, now)
            repository.put_facts(tx, row, sealed)
            self.audit.act(tx, by, "carriers.registered", row_id, {"kind": kind.value})
            self.engine.enqueue(tx, by.workspace_id, JobKind.PROVISION, row_id, now)
            return row

        return await self.db.write(fn)

    async def shown(self, by: Principal) -> list[Row]:
        """Return all registrations, the oldest first."""
        return await self.db.read(lambda tx: repository.registered(tx, by.workspace_id))

    def _serving(self, name: str | None) -> Connection:
        if name is None:
            serves = self.connections.for_agent(None, TELEPHONY.name)
        else:
            named = self.connections.find(name, TELEPHONY.name)
            if named is None:
                raise NotFound("connection")
            serves = named
        if Capability.NUMBER_REGISTER not in serves.spec.capabilities:
            raise Missing(
                f"The provider '{serves.spec.name}' registers nothing with carriers: register it "
                "where its numbers come from."
            )
        return serves
