"""Accounts of agents' own below a provider's: created just once, kept as connections, closed."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.connections.registry import Connection
from trunkline.core.credentials import repository as credentials
from trunkline.core.credentials.models import CredentialsStatus, Registered
from trunkline.core.privacy.sealing import Seals
from trunkline.core.problems import Missing
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.moves import Move, failed, on, waits
from trunkline.sdk import (
    TELEPHONY,
    WHATSAPP,
    Capability,
    Clock,
    Database,
    IdSource,
    Rejected,
    Subaccount,
    TelephonyProvider,
    Tx,
)


class Isolation(StrEnum):
    """How far agents are kept apart at their providers."""

    SINGLE_ACCOUNT = "single_account"
    SUBACCOUNT_PER_AGENT = "subaccount_per_agent"
    SUBACCOUNT_PER_WORKSPACE = "subaccount_per_workspace"


SHARED: Final = "account:workspace"
"""In place of an agent: what all of a workspace share. No agent's id has a colon."""
_KINDS: Final = (TELEPHONY.name, WHATSAPP.name)
_APART: Final = frozenset({Part.PHONE, Part.WHATSAPP})
"""What agents have at a provider that has accounts below its own."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Does the steps of accounts."""

    db: Database
    vendors: Vendors
    seals: Seals
    clock: Clock
    ids: IdSource
    isolation: Isolation

    def apart(self, row: Row, connection: Connection) -> tuple[Row, Row | None]:
        """
        Return a row as it is had in an account of its own, and the row of that account.

        Raises:
            Missing: The provider has no accounts below its own.
        """
        if self.isolation is Isolation.SINGLE_ACCOUNT or row.part not in _APART:
            return row, None
        if Capability.ACCOUNT_BELOW not in connection.spec.capabilities:
            if row.part is Part.WHATSAPP:
                return row, None  # another provider than the number's
            raise Missing(
                f"The provider '{connection.spec.name}' has no accounts below its own: set "
                "[provisioning] isolation to single_account, or use one that has."
            )
        is_shared = self.isolation is Isolation.SUBACCOUNT_PER_WORKSPACE
        owner = SHARED if is_shared else row.agent_id
        ending = f".{'workspace' if is_shared else row.agent_id}"
        if connection.name.endswith(ending):
            return row, None  # it is served by its account already
        name = f"{connection.name}{ending}"
        account = Row(
            id=self.ids.new("row"),
            workspace_id=row.workspace_id,
            agent_id=owner,
            part=Part.ACCOUNT,
            aim=Aim.HAVE,
            step=Step.WANTED,
            connection=connection.name,
            address=name,
        )
        return replace(row, connection=name), account

    def begin(self, tx: Tx, account: Row) -> str:
        """Store that an account is wanted, unless it is; return the id of what is to be done."""
        repository.hold_agent(tx, account.workspace_id, account.agent_id)
        known = repository.of_agent(tx, account.workspace_id, account.agent_id).get(Part.ACCOUNT)
        if known is not None and known.step is not Step.FAILED:
            kept = replace(known, aim=Aim.HAVE, tries=0)
            repository.store(tx, kept, self.clock.now())
            return known.id
        if known is not None:
            repository.remove(tx, known)
        repository.add(tx, account, self.clock.now())
        return account.id

    async def awaited(self, row: Row) -> Move | None:
        """Return what becomes of a row whose account is not there yet; None: it goes on."""
        if row.part not in _APART or row.step not in (Step.WANTED, Step.SEARCHED):
            return None
        if row.aim is not Aim.HAVE or self._find(row.connection) is not None:
            return None
        account = await self.db.read(
            lambda tx: repository.account_named(tx, row.workspace_id, row.connection)
        )
        if account is None:
            return None  # a connection that somebody removed
        if account.step is Step.FAILED:
            return failed(row, account.reason or "Its account could not be created.")
        return waits(row)

    async def move(self, row: Row) -> Move:
        """Do the next step of an account."""
        connection = self.vendors.connection(row.connection, TELEPHONY.name)
        if row.aim is not Aim.HAVE:
            return await self._end(connection, row)
        if row.step is Step.WANTED:
            return on(replace(row, asked_at=self.clock.now()), Step.BUYING)
        if row.step is Step.BUYING:
            return await self._create(connection, row)
        return Move(row=row)

    async def _create(self, connection: Connection, row: Row) -> Move:
        """Create it, unless one has our name already: the answer to an earlier try was lost."""
        found = await self._look(connection, row)
        if found is None:
            try:
                found = await self.vendors.ask(
                    connection, TelephonyProvider, lambda each: each.create_subaccount(row.label)
                )
            except Rejected as error:
                found = await self._look(connection, row)
                if found is None:
                    return failed(row, str(error))
        made = found

        def keep(tx: Tx, row: Row) -> Row:
            self._keep(tx, row, connection, made)
            return row

        kept = replace(row, step=Step.ASSIGNED, provider_id=made.provider_id, tries=0, reason=None)
        return Move(row=kept, within=keep)

    async def _look(self, connection: Connection, row: Row) -> Subaccount | None:
        named = await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.subaccounts_named(row.label)
        )
        return next((each for each in named if each.active), None)

    def _keep(self, tx: Tx, row: Row, parent: Connection, made: Subaccount) -> None:
        """Register its credentials, and let its agents be served by it, in one transaction."""
        name = row.address or ""
        before = credentials.find(tx, self.seals, name)
        given = Registered(
            row_id=before.row_id if before else self.ids.new("row"),
            connection=name,
            provider=parent.spec.name,
            values=dict(made.credentials),
            status=CredentialsStatus.ACTIVE,
            verified_at=self.clock.now(),
            version=before.version + 1 if before else 1,
        )
        credentials.put(tx, self.seals, given, self.clock.now())

    async def _end(self, connection: Connection, row: Row) -> Move:
        """Close an account that nothing is in any more; one in which a number is kept stays."""
        if row.step in (Step.WANTED, Step.FAILED):
            return Move(row=None)
        if row.step is Step.BUYING:
            found = await self._look(connection, row)
            if found is None:
                return Move(row=None)
            row = replace(row, provider_id=found.provider_id)
        rows = await self.db.read(
            lambda tx: repository.of_agent(tx, row.workspace_id, row.agent_id)
        )
        others = [each for part, each in rows.items() if part in _APART]
        if row.aim is Aim.KEEP or any(each.step is Step.KEPT for each in others):
            return Move(row=replace(row, step=Step.KEPT, tries=0))
        if others:
            return waits(row)
        provider_id = row.provider_id or ""
        await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.close_subaccount(provider_id)
        )
        name = row.address or ""
        await self.db.write(lambda tx: credentials.remove(tx, name))
        return Move(row=None)

    def serve(self, tx: Tx, row: Row) -> None:
        """Let an agent be served by the account that something of its is in."""
        if self.isolation is Isolation.SINGLE_ACCOUNT or row.part not in _APART:
            return
        kind = TELEPHONY.name if row.part is Part.PHONE else WHATSAPP.name
        agents.set_connection(
            tx,
            row.workspace_id,
            self.ids.new("row"),
            row.agent_id,
            kind,
            row.connection,
            self.clock.now(),
        )

    def _find(self, name: str) -> Connection | None:
        found = (self.vendors.connections.find(name, kind) for kind in _KINDS)
        return next((each for each in found if each is not None and not each.fault), None)
