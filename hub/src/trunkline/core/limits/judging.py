"""Whether there is room for one more act, and what is left after it: pure arithmetic."""

from dataclasses import replace
from typing import Final

from trunkline.core.limits.models import (
    PREFIX_WINDOW_MS,
    WORKSPACE,
    Account,
    Allowance,
    Counters,
    Exceeded,
    Wish,
)
from trunkline.core.limits.windows import Window

_PER: Final = {
    "actions_per_minute": "a minute",
    "actions_per_hour": "an hour",
    "actions_per_day": "a day",
    "spend_per_day": "a day",
    "spend_per_month": "a month",
}


def exceeded(allowance: Allowance, wish: Wish, now_ms: int) -> Exceeded | None:
    """Return the limit that an act would be over, the one with the longest wait if several are."""
    found = [
        each
        for account in allowance.accounts
        for each in (*_over_rates(account, now_ms), *_over_caps(account, wish, now_ms))
    ]
    if wish.minutes is not None and allowance.calls is not None:
        found += _over_calls(allowance, allowance.calls, now_ms)
    return max(found, key=_wait, default=None)


def overspent(allowance: Allowance, now_ms: int) -> str | None:
    """Return the cap that an agent is over by now, as vendors charged more or it was lowered."""
    for account in allowance.accounts:
        at_ms = _now(account.counters, now_ms)
        for window, (name, most) in zip(account.counters.spend, account.limits.spend, strict=True):
            if most is not None and window.at(at_ms).used > most:
                return name
    return None


def spent_parts(account: Account, counters: Counters, parts: int, of: int) -> bool:
    """
    Tell whether an account comes to so many parts of one of its caps by its new counters.

    It had not come to them by those that it has.
    """
    for before, after, (_, most) in zip(
        account.counters.spend, counters.spend, account.limits.spend, strict=True
    ):
        used = before.at(counters.last_ms).used
        if most and used * of < most * parts <= after.at(counters.last_ms).used * of:
            return True
    return False


def with_act(account: Account, wish: Wish, now_ms: int) -> Counters:
    """Return an account's counters once an act is reserved."""
    counters = account.counters
    at_ms = _now(counters, now_ms)
    cost_micros = wish.cost_micros or 0
    return replace(
        counters,
        last_ms=at_ms,
        actions=tuple(each.at(at_ms).with_(at_ms, 1) for each in counters.actions),
        spend=tuple(
            each.at(at_ms).with_(at_ms, cost_micros) if cost_micros else each.at(at_ms)
            for each in counters.spend
        ),
        prefixes=_recent(counters, at_ms) | ({wish.prefix: at_ms} if wish.prefix else {}),
    )


def with_spend(counters: Counters, micros: int, now_ms: int) -> Counters:
    """Return counters once so much more is spent."""
    at_ms = _now(counters, now_ms)
    spend = tuple(each.at(at_ms).with_(at_ms, micros) for each in counters.spend)
    return replace(counters, last_ms=at_ms, spend=spend)


def with_correction(counters: Counters, micros: int, reserved_ms: int, now_ms: int) -> Counters:
    """Return counters once so much more, or less, is spent of what was reserved then."""
    at_ms = _now(counters, now_ms)
    spend = tuple(each.corrected(reserved_ms, micros, at_ms) for each in counters.spend)
    return replace(counters, spend=spend)


def put_right(counters: Counters, now_ms: int) -> Counters:
    """Return counters that a clock was ahead of, as if they had been written by now."""
    ahead_ms = counters.last_ms - now_ms
    if ahead_ms <= 0:
        return counters

    def moved(window: Window) -> Window:
        groups = tuple((at - ahead_ms, amount) for at, amount in window.groups)
        return replace(window, groups=groups)

    return replace(
        counters,
        last_ms=now_ms,
        actions=tuple(map(moved, counters.actions)),
        spend=tuple(map(moved, counters.spend)),
        prefixes={each: at - ahead_ms for each, at in counters.prefixes.items()},
    )


def remaining(allowance: Allowance, now_ms: int) -> int | None:
    """Return how many acts the tightest window has room for; None while there is no limit."""
    left = [
        max(0, most - window.at(_now(account.counters, now_ms)).used)
        for account in allowance.accounts
        for window, (_, most) in zip(account.counters.actions, account.limits.actions, strict=True)
        if most is not None
    ]
    return min(left, default=None)


def spend_remaining(allowance: Allowance, now_ms: int) -> int | None:
    """Return what the tightest cap leaves to spend, in micro-units; None while there is none."""
    left = [
        max(0, most - window.at(_now(account.counters, now_ms)).used)
        for account in allowance.accounts
        for window, (_, most) in zip(account.counters.spend, account.limits.spend, strict=True)
        if most is not None
    ]
    return min(left, default=None)


def prefixes(allowance: Allowance, wish: Wish, now_ms: int) -> int:
    """Return in how many ranges of numbers an agent acts of late, with one more act."""
    if wish.prefix is None:
        return 0
    return max(
        (
            len({*_recent(each.counters, now_ms), wish.prefix})
            for each in allowance.accounts
            if each.is_agents
        ),
        default=0,
    )


def _over_rates(account: Account, now_ms: int) -> list[Exceeded]:
    at_ms, found = _now(account.counters, now_ms), []
    for window, (name, most) in zip(account.counters.actions, account.limits.actions, strict=True):
        current = window.at(at_ms)
        if most is not None and current.used >= most:
            sentence = f"{_whose(account)} may act {most:,} times {_PER[name]}, and has."
            found.append(_exceeded("rate_limited", name, sentence, current.free_ms(most, 1), at_ms))
    return found


def _over_caps(account: Account, wish: Wish, now_ms: int) -> list[Exceeded]:
    at_ms, found = _now(account.counters, now_ms), []
    cost_micros = wish.cost_micros or 0
    for window, (name, most) in zip(account.counters.spend, account.limits.spend, strict=True):
        current = window.at(at_ms)
        # What costs nothing may go while nothing is overspent.
        if most is not None and current.used + cost_micros > most:
            sentence = f"{_whose(account)} would spend more than it may in {_PER[name]}."
            free_ms = current.free_ms(most, cost_micros)
            found.append(_exceeded("spend_cap", name, sentence, free_ms, at_ms))
    return found


def _over_calls(allowance: Allowance, calls: Window, now_ms: int) -> list[Exceeded]:
    found = []
    for account in allowance.accounts:
        most = account.limits.calls_per_day_same_number
        if not account.is_agents or most is None:
            continue
        at_ms = _now(account.counters, now_ms)
        current = calls.at(at_ms)
        if current.used >= most:
            name = "calls_per_day_same_number"
            sentence = f"This agent may call one number {most:,} times a day, and has."
            found.append(_exceeded("rate_limited", name, sentence, current.free_ms(most, 1), at_ms))
    return found


def _exceeded(code: str, rule: str, sentence: str, free_ms: int | None, now_ms: int) -> Exceeded:
    wait_s = None if free_ms is None else max(0.001, (free_ms - now_ms) / 1000)
    what = "Wait as long as retryAfterS says, or ask" if wait_s is not None else "Ask"
    return Exceeded(
        code=code,
        rule=rule,
        sentence=f"{sentence} Nothing was sent. {what} an operator for more.",
        retry_after_s=wait_s,
    )


def _wait(each: Exceeded) -> float:
    return float("inf") if each.retry_after_s is None else each.retry_after_s


def _whose(account: Account) -> str:
    if account.is_agents:
        return "This agent"
    return "All agents together" if account.agent_id == WORKSPACE else "This token"


def _now(counters: Counters, now_ms: int) -> int:
    """Return the time, by a clock that never goes back."""
    return max(now_ms, counters.last_ms)


def _recent(counters: Counters, now_ms: int) -> dict[str, int]:
    since = _now(counters, now_ms) - PREFIX_WINDOW_MS
    return {each: at for each, at in counters.prefixes.items() if at > since}
