"""Compliance filters whose judgements a test gives, and hubs in which they judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.flows.networks import NoConfig
from trunkline.loading import Plugins
from trunkline.sdk import ALLOW, ComplianceFacts, ComplianceFilter, FilterSpec

Judge = Callable[[ComplianceFacts], Any]


def allow(_: ComplianceFacts) -> Any:
    """Say nothing against it."""
    return ALLOW


@dataclass
class Judging(ComplianceFilter):
    """A filter that says what its functions say, and keeps what it was asked."""

    judges: Judge = allow
    rechecks: Judge = allow
    facts: list[ComplianceFacts] = field(default_factory=list)

    async def judge(self, facts: ComplianceFacts) -> Any:
        self.facts.append(facts)
        said = self.judges(facts)
        return await said if hasattr(said, "__await__") else said

    def recheck(self, facts: ComplianceFacts) -> Any:
        return self.rechecks(facts)


def with_filters(plugins: Plugins, filters: Mapping[str, ComplianceFilter]) -> Plugins:
    """Return plugins that offer these filters and no others."""

    def spec(name: str, each: ComplianceFilter) -> FilterSpec[NoConfig]:
        return FilterSpec(name=name, noun="tests", config=NoConfig, create=lambda _: each)

    return replace(plugins, filters={name: spec(name, each) for name, each in filters.items()})
