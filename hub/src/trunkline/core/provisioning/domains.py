"""An address at the hub's mail domain, once its records are there; and a voice."""

from dataclasses import dataclass, replace

from trunkline.core.agents import repository as agents
from trunkline.core.connections.registry import Connection
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.assigning import Assigning
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.moves import Move, failed, on, waits, watched
from trunkline.core.provisioning.numbers import watched_from
from trunkline.core.provisioning.senders import NEEDS_NUMBER
from trunkline.core.provisioning.urls import Urls
from trunkline.sdk import (
    EMAIL,
    Capability,
    Database,
    EmailProvider,
    MailDomain,
    Readiness,
    Rejected,
    Standing,
    Tx,
)

_READY = Standing(readiness=Readiness.READY)


@dataclass(frozen=True, slots=True)
class Domains:
    """Does the steps of mail addresses."""

    vendors: Vendors
    assigning: Assigning
    urls: Urls

    async def move(self, row: Row) -> Move:
        """Do the next step."""
        if row.aim is not Aim.HAVE or row.step is Step.RELEASING:
            # The domain is all agents'; nothing of it is this one's.
            return failed(row, row.reason or "") if row.aim is Aim.HAVE else Move(row=None)
        connection = self.vendors.connection(row.connection, EMAIL.name)
        steps = {
            Step.WANTED: self._add,
            Step.BOUGHT: self._configure,
            Step.CONFIGURED: self._assign,
            Step.ASSIGNED: self._watch,
        }
        do = steps.get(row.step)
        return Move(row=row) if do is None else await do(connection, row)

    async def _add(self, connection: Connection, row: Row) -> Move:
        if not _knows(connection):
            return on(row, Step.BOUGHT)
        name = (row.address or "").rpartition("@")[2]
        domain = await self._find(connection, name)
        if domain is None:
            try:
                domain = await self.vendors.ask(
                    connection, EmailProvider, lambda each: each.add_domain(name)
                )
            except Rejected:
                domain = await self._find(connection, name)  # another agent's row was quicker
                if domain is None:
                    raise
        added = replace(row, provider_id=domain.provider_id, records=domain.records)
        return on(added, Step.BOUGHT)

    async def _find(self, connection: Connection, name: str) -> MailDomain | None:
        return await self.vendors.ask(
            connection, EmailProvider, lambda each: each.find_domain(name)
        )

    async def _configure(self, connection: Connection, row: Row) -> Move:
        if Capability.EMAIL_WEBHOOK in connection.spec.capabilities:
            url = self.urls.of_mail(row.connection)
            await self.vendors.ask(connection, EmailProvider, lambda each: each.set_webhook(url))
        return on(row, Step.CONFIGURED)

    async def _assign(self, connection: Connection, row: Row) -> Move:
        standing = _READY
        if _knows(connection):
            domain = await self._check(connection, row)
            row, standing = replace(row, records=domain.records), domain.standing
        return watched_from(on(row, Step.ASSIGNED, self.assigning.assign), standing)

    async def _watch(self, connection: Connection, row: Row) -> Move:
        if not _knows(connection):
            return Move(row=row)
        domain = await self._check(connection, row)
        seen = watched(replace(row, records=domain.records), domain.standing)
        return replace(seen, within=self.assigning.note)

    async def _check(self, connection: Connection, row: Row) -> MailDomain:
        provider_id = row.provider_id or ""
        return await self.vendors.ask(
            connection, EmailProvider, lambda each: each.check_domain(provider_id)
        )


def _knows(connection: Connection) -> bool:
    return Capability.EMAIL_DOMAINS in connection.spec.capabilities


@dataclass(frozen=True, slots=True)
class Voices:
    """Does the steps of a voice: callers are greeted, on the agent's own number."""

    db: Database

    async def move(self, row: Row) -> Move:
        """Do the next step."""
        if row.aim is not Aim.HAVE:
            return Move(row=None)

        def fn(tx: Tx) -> tuple[str | None, bool, Row | None]:
            agent = agents.find_agent(tx, row.workspace_id, row.agent_id)
            phone = repository.of_agent(tx, row.workspace_id, row.agent_id).get(Part.PHONE)
            if agent is None:
                return None, False, phone
            silent = agent.greeting is not None and agent.greeting_media is None
            return agent.phone, silent, phone

        number, silent, phone = await self.db.read(fn)
        if number is None:
            if row.step is Step.ASSIGNED or phone is None or phone.step is Step.FAILED:
                return failed(row, NEEDS_NUMBER)
            return waits(row)
        standing = _READY
        if silent:
            standing = Standing(
                readiness=Readiness.PENDING,
                sentence="Its greeting is not spoken yet: callers hear a tone until it is.",
            )
        move = watched(replace(row, step=Step.ASSIGNED), standing)
        return move if silent else replace(move, due_in=None)
