"""What of a message is spoken: its text, and the notice that the answer is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trunkline.core.channels import Block
from trunkline.core.gate.acts import Reviewed, Standing
from trunkline.core.gate.gate import Gate
from trunkline.core.limits.models import Exceeded
from trunkline.core.messages.content import Content
from trunkline.core.principal import Principal
from trunkline.core.speech.models import Cost, Spoken
from trunkline.core.speech.speaking import Speaking, Wish
from trunkline.sdk import Database, Tx


@dataclass(frozen=True, slots=True)
class Saying:
    """Lets what a message says be spoken, before it is stored and once the gate would pass it."""

    db: Database
    gate: Gate
    speaking: Speaking
    notice: str

    async def said(
        self, principal: Principal, reviewed: Reviewed
    ) -> tuple[Reviewed, tuple[str, ...]]:
        """
        Return a reviewed act with the sound of its text, and the ids of what that cost.

        What the gate would stop is not spoken: it is stored as blocked, and costs nothing.
        """
        workspace_id, wishes = principal.workspace_id, self._wishes(reviewed)
        if not wishes or await self.is_blocked(workspace_id, reviewed):
            return reviewed, ()
        spoken = [await self.speaking.spoken(workspace_id, each) for each in wishes]
        cost_ids = tuple(row_id for each in spoken for row_id in each.cost_ids)
        return await self._with_sound(reviewed, spoken), cost_ids

    async def foreseen(
        self, workspace_id: str, reviewed: Reviewed
    ) -> tuple[Reviewed, tuple[Cost, ...]]:
        """Return what `said` would, and what it would cost, without a word being spoken."""
        wishes = self._wishes(reviewed)
        if not wishes:
            return reviewed, ()
        spoken = [await self.speaking.foreseen(workspace_id, each) for each in wishes]
        costs = tuple(cost for each in spoken for cost in each.costs)
        return await self._with_sound(reviewed, spoken), costs

    async def is_blocked(self, workspace_id: str, reviewed: Reviewed) -> bool:
        """Tell whether the gate would stop an act as things stand."""
        standing = await self.db.peek(lambda tx: self.standing(tx, workspace_id, reviewed))
        return isinstance(self.gate.commit(workspace_id, reviewed, standing), Block | Exceeded)

    def standing(self, tx: Tx, workspace_id: str, reviewed: Reviewed) -> Standing:
        """Return how things stand for an act."""
        act = reviewed.act
        return self.gate.standing(
            tx,
            workspace_id,
            act.agent.id,
            act.rules,
            reviewed.sender,
            act.recipient,
            act.content,
            asks_if_new=self.gate.holds.asks_if_new(act.agent),
            token=act.token,
        ).ask(tx)

    def _wishes(self, reviewed: Reviewed) -> list[Wish]:
        """Return what is to be spoken of an act: its text, and the notice of a recording."""
        act, voice = reviewed.act, reviewed.act.content.voice
        form = act.rules.sound
        if form is None or voice is None:
            return []
        return [
            Wish(agent=act.agent, channel=act.rules.name, text=text, voice=voice, form=form)
            for text in (act.content.body, *([self.notice] if act.content.record else []))
        ]

    async def _with_sound(self, reviewed: Reviewed, spoken: Sequence[Spoken]) -> Reviewed:
        act = reviewed.act
        content = replace(
            act.content,
            media=tuple(each.media for each in spoken),
            spoken_ms=spoken[0].duration_ms,
            notice=self.notice if act.content.record else None,
        )
        return await self.gate.review(replace(act, content=content))


def with_voice(content: Content, *, always_spoken: bool) -> Content:
    """Return a content that says by which voice it is spoken, where its channel only speaks."""
    return replace(content, voice="") if always_spoken and content.voice is None else content
