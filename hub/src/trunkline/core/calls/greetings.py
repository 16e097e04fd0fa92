"""What agents greet callers with: spoken once it is set, and kept for as long as it is."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.channels import CHANNELS
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.media import repository as media
from trunkline.core.media.models import MediumState
from trunkline.core.media.service import MediaStore
from trunkline.core.media.shelf import Shelf
from trunkline.core.problems import Invalid, Missing, NotFound, Problem
from trunkline.core.speech.models import Spoken
from trunkline.core.speech.speaking import Speaking, Wish
from trunkline.sdk import Clock, Database, EventLog, Media, Tx

AGAIN: Final = timedelta(minutes=5)
"""After so long a greeting is tried again that nobody would speak."""
NOBODY_SPEAKS: Final = timedelta(hours=1)
"""After so long it is where nothing that speaks is set up."""
_KEPT_FOR: Final = timedelta(days=36_500)
_URL_EXPIRES_S: Final = 900.0
"""A caller waits: the provider fetches the sound at once."""


@dataclass(frozen=True, slots=True)
class Greetings:
    """Does the jobs that speak greetings, and tells where one can be heard."""

    db: Database
    speaking: Speaking
    store: MediaStore
    shelf: Shelf
    engine: Engine
    clock: Clock
    log: EventLog

    def changed(self, tx: Tx, workspace_id: str, agent_id: str, before: str | None) -> None:
        """
        Let an agent's greeting be spoken, inside the transaction that sets it.

        The sound of the one `before` is there for as long as any other, in case somebody hears it.
        """
        now = self.clock.now()
        if before is not None:
            until = now + self.shelf.hold
            media.set_values(tx, workspace_id, before, (MediumState.STORED,), expires_at=until)
        self.engine.enqueue(tx, workspace_id, JobKind.GREETING, agent_id, now)

    async def work(self, job: Job) -> None:
        """Speak an agent's greeting, if it has one that was not spoken yet."""
        workspace_id, agent_id = job.workspace_id, job.subject_id
        agent = await self.db.read(lambda tx: agents.find_agent(tx, workspace_id, agent_id))
        if agent is None or agent.greeting is None or agent.greeting_media is not None:
            return
        try:
            spoken = await self._spoken(workspace_id, agent, agent.greeting)
        except Problem as problem:
            self.log.warning("greeting.not_spoken", agentId=agent_id, reason=problem.detail)
            if isinstance(problem, Invalid):
                return  # nobody will ever speak it
            at = self.clock.now() + (NOBODY_SPEAKS if isinstance(problem, Missing) else AGAIN)
            kind, enqueue = JobKind.GREETING, self.engine.enqueue
            await self.db.write(lambda tx: enqueue(tx, workspace_id, kind, agent_id, at))
            return
        greeting, medium_id = agent.greeting, spoken.media.url

        def keep(tx: Tx) -> None:
            if agents.set_greeting(tx, workspace_id, agent_id, greeting, medium_id):
                until = self.clock.now() + _KEPT_FOR
                self.shelf.lend(tx, workspace_id, agent_id, (medium_id,), until)

        await self.db.write(keep)

    async def sound(self, workspace_id: str, agent: Agent) -> Media | None:
        """Return an agent's greeting as a provider can fetch it; None while it has no sound."""
        if agent.greeting_media is None:
            return None
        try:
            medium = await self.store.get(workspace_id, agent.id, agent.greeting_media)
        except NotFound:
            return None
        if medium.state is not MediumState.STORED:
            return None
        url = self.store.url(workspace_id, medium, _URL_EXPIRES_S)
        return Media(url=url, content_type=medium.content_type)

    async def _spoken(self, workspace_id: str, agent: Agent, text: str) -> Spoken:
        form = CHANNELS[CHANNEL].sound
        if form is None:
            raise Missing("Calls carry no sound.")
        wish = Wish(agent=agent, channel=CHANNEL, text=text, voice="", form=form)
        return await self.speaking.spoken(workspace_id, wish)
