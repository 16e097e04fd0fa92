"""The host of compliance filters: each asked in turn, within its time, and closed if it fails."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from trunkline.core.compliance.places import place_of
from trunkline.loading import plainly
from trunkline.sdk import (
    Allow,
    Amend,
    Block,
    ComplianceFacts,
    ComplianceFilter,
    Defer,
    EventLog,
    FilterSpec,
    Hold,
    NotConfigured,
    Said,
)

_RULE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_LONGEST_SENTENCE: Final = 300
FURTHEST: Final = timedelta(days=30)
"""A filter that puts an act off further has made a mistake."""

FAILED: Final = "failed"
"""The rule of a filter that gave no judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An act must not happen. `rule` is the filter's name, a dot, and the filter's own word."""

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """An act must not happen before then."""

    until: datetime
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A person has to look at an act first."""

    rule: str
    why: str


Stop: TypeAlias = Refusal | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """
    What the filters said together.

    Attributes:
        said: What is said now, by whichever of them amended it.
        refusal: Why it must not happen, by the first that said so.
        wait: Until when it must not happen, by whichever puts it off longest.
        doubts: Why a person has to look at it first.
    """

    said: Said
    refusal: Refusal | None = None
    wait: Wait | None = None
    doubts: tuple[Doubt, ...] = ()


class _Nonsense(Exception):
    """What a filter answered is no judgement; the text says what is wrong about it."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a hub, in the order in which they judge."""

    filters: tuple[tuple[str, ComplianceFilter], ...]
    timeout_s: float
    log: EventLog

    def __bool__(self) -> bool:
        return bool(self.filters)

    async def judge(self, facts: ComplianceFacts) -> Ruling:
        """
        Let each filter judge an act; what is amended is judged by those after as it is then.

        The first refusal ends it. A filter that fails, hangs or answers nonsense refuses.
        """
        wait, doubts = None, []
        for name, each in self.filters:
            try:
                async with asyncio.timeout(self.timeout_s):
                    judgement: object = await each.judge(facts)
                judgement = _checked(judgement, facts.now)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything: closed
                return Ruling(said=facts.said, refusal=self._failed(name, error))
            match judgement:
                case Block():
                    return Ruling(said=facts.said, refusal=_refusal(name, judgement))
                case Defer():
                    wait = _later(wait, _wait(name, judgement))
                case Hold():
                    doubts.append(Doubt(rule=f"{name}.{judgement.rule}", why=judgement.why))
                case Amend():
                    facts = replace(facts, said=judgement.said)
                    self.log.info("filter.amended", filter=name, agentId=facts.agent_id)
        return Ruling(said=facts.said, wait=wait, doubts=tuple(doubts))

    def recheck(self, facts: ComplianceFacts) -> Stop | None:
        """Let each filter look again, in a transaction; a failing one refuses."""
        wait = None
        for name, each in self.filters:
            try:
                judgement = _checked(each.recheck(facts), facts.now)
            except Exception as error:  # noqa: BLE001 - the same
                return self._failed(name, error)
            match judgement:
                case Block():
                    return _refusal(name, judgement)
                case Defer():
                    wait = _later(wait, _wait(name, judgement))
                case Hold() | Amend():
                    return self._failed(name, _Nonsense("recheck may allow, block or defer"))
        return wait

    def _failed(self, name: str, error: Exception) -> Refusal:
        """Log what a filter did, in words that nothing of an act stands in, and refuse."""
        why = type(error).__name__
        if isinstance(error, _Nonsense):
            why = str(error)
        elif isinstance(error, TimeoutError):
            why = f"it took longer than {self.timeout_s:g} s"
        self.log.error("filter.failed", filter=name, reason=why)
        return Refusal(
            rule=f"{name}.{FAILED}",
            sentence=f"The compliance filter '{name}' gave no judgement, so nothing goes out that "
            "it would have to see. An operator has to look: the log says what it did.",
        )


def create_filters(
    specs: Mapping[str, FilterSpec[Any]],
    *,
    order: Sequence[str],
    disabled: Sequence[str],
    tables: Mapping[str, Mapping[str, object]],
    timeout_s: float,
    log: EventLog,
) -> Filters:
    """
    Make the filters that are not disabled: those in `order` first, the others by name.

    Raises:
        NotConfigured: One is named that is not installed, or a table does not fit.
    """
    for where, names in (("rules.order", order), ("[filters.…]", tables)):
        for name in names:
            if name not in specs and name not in disabled:
                raise NotConfigured(
                    f"{where} names the compliance filter '{name}', which is not installed: "
                    "install its package, or take the name out."
                )
    wanted = [name for name in dict.fromkeys((*order, *sorted(specs))) if name not in disabled]
    made = []
    for name in wanted:
        spec = specs[name]
        try:
            config = spec.config.model_validate(tables.get(name, {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise NotConfigured(f"[filters.{name}] {key}: {plainly(first)}.") from None
        try:
            made.append((name, spec.create(config)))
        except Exception as error:
            raise NotConfigured(
                f"The compliance filter '{name}' cannot be made ({type(error).__name__}): repair "
                "its plugin, or name it in rules.disabled."
            ) from error
    if made:
        place_of("+12025550123")  # reads its data, which takes longer than a judgement may
    return Filters(tuple(made), timeout_s, log)


def _checked(judgement: object, now: datetime) -> Allow | Block | Defer | Hold | Amend:
    """Return a judgement that is one, or raise `_Nonsense`."""
    match judgement:
        case Allow():
            return judgement
        case Amend(said=said):
            told: object = said
            if not isinstance(told, Said) or not _are_texts(told.text, told.subject):
                raise _Nonsense("an Amend must hold a Said of texts")
            return judgement
        case Block(rule=rule, sentence=told) | Hold(rule=rule, why=told):
            _check_words(rule, told)
            return judgement
        case Defer(until=until, rule=rule, sentence=told):
            _check_words(rule, told)
            if not _is_soon(until, now):
                raise _Nonsense("a Defer must name an aware time within the next 30 days")
            return judgement
    raise _Nonsense(f"a {type(judgement).__name__} is no judgement")


def _are_texts(*values: object) -> bool:
    return all(isinstance(each, str) for each in values)


def _is_soon(at: object, now: datetime) -> bool:
    is_aware = isinstance(at, datetime) and at.tzinfo is not None
    return is_aware and now < at <= now + FURTHEST  # type: ignore[operator]


def _check_words(rule: object, told: object) -> None:
    if not isinstance(rule, str) or not _RULE.fullmatch(rule):
        raise _Nonsense("a rule's name must be of lower-case letters, digits, dashes")
    if not isinstance(told, str) or not told.strip():
        raise _Nonsense("a rule must say why, in a sentence")


def _refusal(name: str, block: Block) -> Refusal:
    return Refusal(rule=f"{name}.{block.rule}", sentence=block.sentence[:_LONGEST_SENTENCE])


def _wait(name: str, defer: Defer) -> Wait:
    return Wait(
        until=defer.until.astimezone(UTC),
        rule=f"{name}.{defer.rule}",
        sentence=defer.sentence[:_LONGEST_SENTENCE],
    )


def _later(wait: Wait | None, other: Wait) -> Wait:
    return other if wait is None or other.until > wait.until else wait
