"""A WhatsApp sender: one that is free, or the agent's own number registered as one."""

from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.connections.registry import Connection
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.assigning import Assigning
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.moves import (
    Move,
    configured,
    failed,
    on,
    set_otherwise,
    waits,
    watched,
)
from trunkline.core.provisioning.numbers import watched_from
from trunkline.core.provisioning.pool_rows import is_pooled
from trunkline.core.provisioning.urls import Urls
from trunkline.sdk import (
    E164,
    WHATSAPP,
    Capability,
    Clock,
    Database,
    Readiness,
    Rejected,
    SenderSettings,
    Standing,
    Tx,
    WhatsAppProvider,
    WhatsAppSender,
)

NEEDS_NUMBER: Final = "It needs a number, and the agent has none: ask for phone too."
_NONE_FREE: Final = (
    "Every WhatsApp sender of the connection is an agent's: add one at the provider, and then "
    "ask again."
)


@dataclass(frozen=True, slots=True)
class Senders:
    """Does the steps of WhatsApp senders; `pool_name` is shown while one is no agent's."""

    db: Database
    vendors: Vendors
    assigning: Assigning
    urls: Urls
    clock: Clock
    pool_name: str | None

    async def move(self, row: Row) -> Move:
        """Do the next step."""
        connection = self.vendors.connection(row.connection, WHATSAPP.name)
        if row.step is Step.RELEASING:
            return await self._release(connection, row)
        if row.aim is not Aim.HAVE:
            return self._end(connection, row)
        registers = Capability.WHATSAPP_REGISTER in connection.spec.capabilities
        steps = {
            Step.WANTED: self._number if registers else self._choose,
            Step.BUYING: self._register,
            Step.BOUGHT: self._configure,
            Step.CONFIGURED: self._verify,
            Step.VERIFIED: self._assign,
            Step.ASSIGNED: self._watch,
        }
        do = steps.get(row.step)
        return Move(row=row) if do is None else await do(connection, row)

    async def _number(self, _: Connection, row: Row) -> Move:
        """Take the agent's own number, once it has one."""

        def fn(tx: Tx) -> tuple[str | None, Row | None]:
            agent = agents.find_agent(tx, row.workspace_id, row.agent_id)
            phone = repository.of_agent(tx, row.workspace_id, row.agent_id).get(Part.PHONE)
            if is_pooled(row.agent_id):
                return phone.address if phone and phone.step is Step.ASSIGNED else None, phone
            return agent.phone if agent else None, phone

        number, phone = await self.db.read(fn)
        if number is None:
            if is_pooled(row.agent_id) and phone is not None and phone.step is not Step.FAILED:
                return Move(row=row)  # the pool goes on with it once the number is there
            if phone is None or phone.step is Step.FAILED:
                return failed(row, NEEDS_NUMBER)
            return waits(row)
        return on(replace(row, address=number, asked_at=self.clock.now()), Step.BUYING)

    async def _choose(self, connection: Connection, row: Row) -> Move:
        """Take one of the account's senders that is no agent's."""
        senders = await self.vendors.ask(connection, WhatsAppProvider, lambda each: each.senders())

        def choose(tx: Tx, row: Row) -> Row:
            taken = repository.addresses_in_use(tx, row.workspace_id, Part.WHATSAPP)
            for each in senders:
                owner = agents.find_agent_by_address(
                    tx, row.workspace_id, WHATSAPP.channels[0], each.number
                )
                if each.number not in taken and (owner is None or owner.id == row.agent_id):
                    return replace(row, address=each.number, provider_id=each.provider_id)
            return replace(row, step=Step.FAILED, reason=_NONE_FREE)

        return on(row, Step.BOUGHT, choose)

    async def _register(self, connection: Connection, row: Row) -> Move:
        found = await self._look(connection, row)
        if found is None:
            number, settings = E164(row.address or ""), await self._settings(row)
            try:
                found = await self.vendors.ask(
                    connection,
                    WhatsAppProvider,
                    lambda each: each.register_sender(number, settings),
                )
            except Rejected as error:
                found = await self._look(connection, row)
                if found is None:
                    return failed(row, str(error))
        return on(replace(row, provider_id=found.provider_id), Step.BOUGHT)

    async def _configure(self, connection: Connection, row: Row) -> Move:
        found, settings = await self._look(connection, row), await self._settings(row)
        if found is None:
            return failed(row, "The provider does not have the sender any more.")
        provider_id = found.provider_id
        if self._may_set(connection):
            await self.vendors.ask(
                connection, WhatsAppProvider, lambda each: each.set_sender(provider_id, settings)
            )
        return configured(_seen(row, found))

    async def _verify(self, connection: Connection, row: Row) -> Move:
        found, settings = await self._look(connection, row), await self._settings(row)
        if found is None or (
            self._may_set(connection) and not _is_set(found, settings, connection)
        ):
            return set_otherwise(row)
        return on(row, Step.VERIFIED)

    async def _assign(self, connection: Connection, row: Row) -> Move:
        found = await self._look(connection, row)
        move = on(_seen(row, found), Step.ASSIGNED, self.assigning.assign)
        return watched_from(move, _standing(found))

    async def _watch(self, connection: Connection, row: Row) -> Move:
        found = await self._look(connection, row)
        seen = watched(_seen(row, found), _standing(found))
        return replace(seen, within=self.assigning.note)

    def _may_set(self, connection: Connection) -> bool:
        able = connection.spec.capabilities
        return bool({Capability.WHATSAPP_REGISTER, Capability.WHATSAPP_WEBHOOK} & able)

    async def _look(self, connection: Connection, row: Row) -> WhatsAppSender | None:
        number = E164(row.address or "")
        if Capability.WHATSAPP_REGISTER in connection.spec.capabilities:
            return await self.vendors.ask(
                connection, WhatsAppProvider, lambda each: each.find_sender(number)
            )
        senders = await self.vendors.ask(connection, WhatsAppProvider, lambda each: each.senders())
        return next((each for each in senders if each.number == number), None)

    async def _settings(self, row: Row) -> SenderSettings:
        agent = await self.db.read(lambda tx: agents.find_agent(tx, row.workspace_id, row.agent_id))
        name = agent.display_name if agent else None
        if is_pooled(row.agent_id):
            name = self.pool_name
        return self.urls.of_sender(row.connection, name or row.agent_id)

    def _end(self, connection: Connection, row: Row) -> Move:
        if row.step in (Step.WANTED, Step.FAILED):
            return Move(row=None)
        registers = Capability.WHATSAPP_REGISTER in connection.spec.capabilities
        if not registers:
            return Move(row=None)  # it is the account's own, and there for the next agent
        if row.aim is Aim.GONE:
            return on(row, Step.RELEASING)
        return Move(row=replace(row, step=Step.KEPT, readiness=None, reason=None, tries=0))

    async def _release(self, connection: Connection, row: Row) -> Move:
        found = await self._look(connection, row) if row.address else None
        if found is not None:
            provider_id = found.provider_id
            await self.vendors.ask(
                connection, WhatsAppProvider, lambda each: each.remove_sender(provider_id)
            )
        if row.aim is Aim.HAVE:
            return failed(row, row.reason or "It was given back.")
        return Move(row=None)


def _standing(found: WhatsAppSender | None) -> Standing:
    if found is None:
        gone = "The provider does not have the sender any more: provision the agent anew."
        return Standing(readiness=Readiness.MISSING, sentence=gone)
    return found.standing


def _seen(row: Row, found: WhatsAppSender | None) -> Row:
    if found is None:
        return row
    return replace(row, provider_id=found.provider_id, quality=found.quality.value)


def _is_set(found: WhatsAppSender, wanted: SenderSettings, connection: Connection) -> bool:
    """Tell whether what was read back is what was set; where an adapter listens nobody calls."""
    said, listens = found.settings, Capability.LISTEN in connection.spec.capabilities
    is_heard = said.inbound_url == wanted.inbound_url or (listens and said.inbound_url is None)
    return is_heard and said.status_url in (None, wanted.status_url)
