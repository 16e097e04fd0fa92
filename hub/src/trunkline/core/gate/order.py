"""In which order the connections of a slot are asked: as it names them, or the cheapest first."""

from collections.abc import Collection
from dataclasses import dataclass

from trunkline.core.channels import ChannelRules
from trunkline.core.connections.registry import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """`cheapest_first` are the kinds whose slots are ordered by price, in `currency` alone."""

    cheapest_first: Collection[str]
    currency: str

    def of(
        self,
        candidates: tuple[Connection, ...],
        rules: ChannelRules,
        recipient: str,
        units: int,
        *,
        with_media: bool,
    ) -> tuple[Connection, ...]:
        """Return those that may carry a message in the order in which they are asked for it."""
        if rules.kind not in self.cheapest_first:
            return candidates

        def price(connection: Connection) -> float:
            prices = connection.spec.prices
            if prices is None or prices.currency != self.currency:
                return float("inf")  # nobody can tell that it is cheaper
            micros = rules.price(prices, recipient, units, with_media=with_media)
            return float("inf") if micros is None else micros

        return tuple(sorted(candidates, key=price))  # those of one price as the slot names them
