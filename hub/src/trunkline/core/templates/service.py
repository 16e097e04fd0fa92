"""Setting, showing and removing templates, and what providers have of their own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.audit.service import Audit
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.principal import Principal
from trunkline.core.problems import Invalid, Missing, NotFound
from trunkline.core.templates import repository
from trunkline.core.templates.checking import checked
from trunkline.core.templates.models import Template
from trunkline.sdk import (
    WHATSAPP,
    Capability,
    Clock,
    Database,
    EventLog,
    IdSource,
    ProviderError,
    Tx,
    Unsupported,
    WhatsAppProvider,
)
from trunkline.sdk import Template as TheirTemplate

MOST: Final = 1_000
"""Templates of one hub: they are listed as a whole."""

_FRESH_S: Final = 300.0
"""For so long what a provider listed is shown to agents, who may ask often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a connection's provider lists, or why it does not, in a sentence for the operator."""

    connection: str
    templates: Mapping[str, TheirTemplate]
    fault: str | None = None


class Templates:
    """The verbs of templates."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
        audit: Audit,
        *,
        timeout_s: float,
    ) -> None:
        self._db = db
        self._connections = connections
        self._clock = clock
        self._ids = ids
        self._log = log
        self._audit = audit
        self._timeout_s = timeout_s
        self._known: dict[str, tuple[float, Listed]] = {}

    async def set(self, principal: Principal, given: Template) -> Template:
        """Store a template, in place of the one with its id; what was sent stays as it was."""
        whatsapp = [each.name for each in self._connections.all() if each.kind == WHATSAPP.name]
        template = checked(given, whatsapp)
        row_id, now = self._ids.new("row"), self._clock.now()

        def fn(tx: Tx) -> bool:
            of = principal.workspace_id
            if not repository.put_template(tx, of, row_id, template, now, most=MOST):
                return False
            self._audit.act(tx, principal, "template.set", template.id)
            return True

        stored = await self._db.write(fn)
        if not stored:
            raise Invalid("id", f"there are {MOST} templates already: remove one first.")
        return replace(template, updated_at=now)

    async def list(self, principal: Principal) -> list[Template]:
        """Return every template, by id."""
        return await self._db.read(
            lambda tx: repository.list_templates(tx, principal.workspace_id), heavy=True
        )

    async def show(self, principal: Principal, template_id: str) -> Template:
        """Return one template."""
        found = await self._db.read(
            lambda tx: repository.find_template(tx, principal.workspace_id, template_id)
        )
        if found is None:
            raise NotFound("template")
        return found

    async def remove(self, principal: Principal, template_id: str) -> None:
        """Remove a template; what waits to be sent of it is sent all the same."""

        def fn(tx: Tx) -> bool:
            of = principal.workspace_id
            if not repository.remove_template(tx, of, template_id):
                return False
            self._audit.act(tx, principal, "template.removed", template_id)
            return True

        removed = await self._db.write(fn)
        if not removed:
            raise NotFound("template")

    async def listed(self) -> Sequence[Listed]:
        """Ask every connection that has templates of its own for them, all at once."""
        return await asyncio.gather(
            *(self._ask(each) for each in self._connections.all() if _has_templates(each))
        )

    async def listed_for(self, agent: Agent) -> Listed | None:
        """Return what the provider of an agent's WhatsApp listed lately, if there is one."""
        try:
            connection = self._connections.for_agent(agent, WHATSAPP.name)
        except Missing:
            return None
        if not _has_templates(connection):
            return None
        at_s, known = self._known.get(connection.name, (0.0, None))
        if known is not None and self._clock.monotonic() - at_s < _FRESH_S:
            return known
        if agent.status is AgentStatus.SUSPENDED:
            return None  # for whom nobody is asked
        return await self._ask(connection)

    async def _ask(self, connection: Connection) -> Listed:
        try:
            async with asyncio.timeout(self._timeout_s):
                provider = await self._connections.opened(connection, WhatsAppProvider)
            found: object = await ask(provider.templates, self._timeout_s)
        except (ProviderError, Unsupported, CannotOpen) as error:
            return _fault(connection, str(error))
        except TimeoutError:
            return _fault(connection, "The provider does not answer.")
        except AdapterFailed as failed:
            self._log.error(
                "adapter.raised",
                provider=connection.spec.name,
                method="templates",
                error_type=str(failed),
                exc_info=failed.__cause__,
            )
            return _fault(connection, "Its adapter failed; the log says where.")
        if not isinstance(found, list) or not all(
            isinstance(each, TheirTemplate) for each in found
        ):
            return _fault(connection, "Its adapter answered with something that is no template.")
        listed = Listed(
            connection=connection.name, templates={each.provider_id: each for each in found}
        )
        self._known[connection.name] = self._clock.monotonic(), listed
        return listed


def _has_templates(connection: Connection) -> bool:
    able = Capability.WHATSAPP_TEMPLATE in connection.spec.capabilities
    return connection.kind == WHATSAPP.name and able and not connection.fault


def _fault(connection: Connection, why: str) -> Listed:
    return Listed(connection=connection.name, templates={}, fault=why)
