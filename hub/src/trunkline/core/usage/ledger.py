"""Where every act and every cost is told of: the one seam of counters and of usage rows."""

from dataclasses import dataclass

from trunkline.core.limits.service import LimitKeeper
from trunkline.core.messages.models import Message
from trunkline.core.usage.books import Books
from trunkline.core.usage.models import CallCost, PartCost
from trunkline.sdk import Tx


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    Is told of each cost where it is decided or changed, inside the caller's transaction.

    A message is told of as it stood before the change, its old cost among it; each method may be
    called again for the same message, and nothing may be counted twice then. `taken` alone is on
    the path of every text: what it writes is put (`Hot.put`), never asked for.
    """

    limits: LimitKeeper
    books: Books

    def reserved(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """
        Note that a message was admitted: what it is expected to cost is reserved.

        Once for each message, in the transaction that stores it; no later attempt comes here.
        """

    def refused(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that a message was one too many, or too dear: nothing of it is reserved."""
        self.books.refused(tx, workspace_id, message)

    def taken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that a provider has a message: what was reserved is owed, whatever becomes of it."""
        self.books.taken(tx, workspace_id, message)

    def doubted(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that nobody knows whether a provider has a message: it stays reserved."""
        self.books.doubted(tx, workspace_id, message)

    def released(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that a message surely was not sent: its cost, which is 0 from here, is free."""
        reserved = message.cost_micros or 0
        self.limits.correct(tx, workspace_id, message.agent_id, -reserved, message.created_at)
        self.books.released(tx, workspace_id, message)

    def not_taken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that a message of which nobody knew was not taken, and is queued again."""
        self.books.released(tx, workspace_id, message)

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
        """Note another cost of a message: the vendor's figure, or another connection's estimate."""
        more = (cost_micros or 0) - (message.cost_micros or 0)
        self.limits.correct(tx, workspace_id, message.agent_id, more, message.created_at)
        self.books.corrected(tx, workspace_id, message, cost_micros, currency, final=final)

    def paid(self, tx: Tx, workspace_id: str, part: PartCost) -> None:
        """Note what was paid for a part, such as speech, in the transaction that decides on it."""
        self.limits.spend(tx, workspace_id, part.agent_id, part.cost_micros or 0)
        self.books.paid(tx, workspace_id, part)

    def called(self, tx: Tx, workspace_id: str, call: CallCost) -> None:
        """Note how long a call lasted that came in, and what it cost, as far as told."""
        more = (call.cost_micros or 0) - (call.known_micros or 0)
        self.limits.spend(tx, workspace_id, call.agent_id, max(0, more))
        self.books.called(tx, workspace_id, call)
