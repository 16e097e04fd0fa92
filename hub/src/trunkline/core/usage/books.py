"""Usage rows: what was done, of which nobody knows, and what each thing cost."""

import json
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.messages.models import Message, Status
from trunkline.core.usage import repository
from trunkline.core.usage.models import (
    UNITS,
    ActionType,
    CallCost,
    Figures,
    PartCost,
    Usage,
    UsageState,
    billed,
)
from trunkline.sdk import Clock, IdSource, Tx

_CALLS: Final = "call"
"""The channel that calls which come in count under."""
_COUNTED_IN: Final = {"sms": "segment", "voice": "minute"}


@dataclass(frozen=True, slots=True)
class Books:
    """
    Keeps one row for each act that happened, or may have, and for each part that was paid for.

    Every method runs inside the caller's transaction, who has moved the message or holds it: so a
    row is there exactly once.
    """

    clock: Clock
    ids: IdSource
    markup_basis_points: int

    def write(self, tx: Tx, workspace_id: str, usage: Usage) -> None:
        """Write down what was done, with what is billed for it."""
        markup = self.markup_basis_points
        usage = replace(
            usage, markup_basis_points=markup, billed_micros=billed(usage.cost_micros, markup)
        )
        repository.add_usage(tx, workspace_id, self.ids, usage)

    def refused(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Count a limit that was hit: nothing was done, and no money is in it."""
        nothing = replace(self._act(message, UsageState.SPENT), currency=None)
        repository.add_figures(tx, workspace_id, self.ids, nothing, Figures(rate_limit_hits=1))

    def taken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """
        Note that a provider has a message.

        One that is `sent` by now had no attempt of which nobody knows: there is nothing to look up.
        """
        act = None
        if message.status is not Status.SENT:
            act = repository.act_of(tx, workspace_id, message.id)
        if act is None:
            self.write(tx, workspace_id, self._act(message, UsageState.SPENT))
        elif act.state is UsageState.RESERVED:
            repository.change_usage(
                tx,
                workspace_id,
                self.ids,
                act,
                state=UsageState.SPENT,
                external_id=message.external_id or act.external_id,
            )

    def doubted(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that nobody knows whether a provider has a message."""
        if repository.act_of(tx, workspace_id, message.id) is None:
            self.write(tx, workspace_id, self._act(message, UsageState.RESERVED))

    def released(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that a message surely was not sent: what did not happen has no row."""
        act = repository.act_of(tx, workspace_id, message.id)
        if act is not None:
            repository.remove_usage(tx, workspace_id, self.ids, act)

    def corrected(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        cost_micros: int | None,
        currency: str | None,
        *,
        final: bool,
    ) -> None:
        """Note another cost of a message, if it is taken or may be."""
        act = repository.act_of(tx, workspace_id, message.id)
        if act is not None:
            self._reprice(tx, workspace_id, act, cost_micros, currency, final=final)

    def paid(self, tx: Tx, workspace_id: str, part: PartCost) -> None:
        """Note what was paid for a part of a message."""
        self.write(
            tx,
            workspace_id,
            Usage(
                id=part.row_id,
                created_at=self.clock.now(),
                agent_id=part.agent_id,
                action_type=part.part,
                channel=part.channel,
                connection=part.connection,
                provider=part.provider,
                state=UsageState.SPENT,
                units=part.units,
                unit=None if part.units is None else UNITS[part.part],
                cost_micros=part.cost_micros,
                currency=part.currency,
                cost_final=part.cost_final,
                simulated=part.simulated,
                message_id=part.message_id,
            ),
        )

    def called(self, tx: Tx, workspace_id: str, call: CallCost) -> None:
        """Note what a call that came in cost; each time it is told of all that is known."""
        usage = repository.usage_of_call(tx, workspace_id, call.call_id)
        if usage is not None:
            usage = repository.change_usage(
                tx, workspace_id, self.ids, usage, units=call.duration_s
            )
            is_final = call.cost_micros is not None
            cost = call.cost_micros, call.currency
            self._reprice(tx, workspace_id, usage, *cost, final=is_final)
            return
        self.write(
            tx,
            workspace_id,
            Usage(
                id=self.ids.new("use"),
                created_at=self.clock.now(),
                agent_id=call.agent_id,
                action_type=ActionType.INBOUND_CALL,
                channel=_CALLS,
                connection=call.connection,
                provider=call.provider,
                state=UsageState.SPENT,
                units=call.duration_s,
                unit=UNITS[ActionType.INBOUND_CALL],
                cost_micros=call.cost_micros,
                currency=call.currency,
                cost_final=call.cost_micros is not None,
                call_id=call.call_id,
                simulated=call.simulated,
            ),
        )

    def _reprice(
        self,
        tx: Tx,
        workspace_id: str,
        usage: Usage,
        cost_micros: int | None,
        currency: str | None,
        *,
        final: bool,
    ) -> None:
        """Give a usage another cost; ours in another currency is no estimate of the vendor's."""
        ours = usage.estimate_micros if usage.cost_final else usage.cost_micros
        repository.change_usage(
            tx,
            workspace_id,
            self.ids,
            usage,
            cost_micros=cost_micros,
            currency=currency,
            cost_final=final,
            estimate_micros=ours if final and currency == usage.currency else None,
            billed_micros=billed(cost_micros, usage.markup_basis_points),
        )

    def _act(self, message: Message, state: UsageState) -> Usage:
        return Usage(
            id=self.ids.new("use"),
            created_at=self.clock.now(),
            agent_id=message.agent_id,
            action_type=ActionType.MESSAGE,
            channel=message.channel,
            connection=message.connection,
            provider=message.provider,
            state=state,
            units=message.segments,
            unit=None if message.segments is None else _COUNTED_IN.get(message.channel, "message"),
            cost_micros=message.cost_micros,
            currency=message.currency,
            cost_final=message.cost_final,
            message_id=message.id,
            external_id=message.external_id,
            simulated=message.simulated,
            details=json.dumps({"media": message.media_count}) if message.media_count else None,
        )
