"""
A mail's style sheets, as far as they are simple: whom a rule is for, and which rule is stronger.

Followed are selectors by name, class, id and the like of these within others. Of a rule that may be
for an element, or may hold or not (on small screens, say), nobody knows what it changes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import tinycss2

from trunkline.core.mailtext.declared import UNKNOWN, Declared, declarations, declared
from trunkline.core.mailtext.tokens import Open

_LONGEST: Final = 64 * 1024
_MOST_RULES: Final = 2_000
_MOST_STEPS: Final = 400_000
_MOST_PARTS: Final = 20
_NEVER: Final = frozenset(
    {"hover", "focus", "active", "visited", "before", "after", "first-letter", "first-line",
     "selection", "placeholder", "target", "focus-within", "focus-visible", "marker"}
)  # fmt: skip
_SIGNS: Final = frozenset({"=", "~=", "^=", "$=", "*="})
_WIDTH: Final = re.compile(r"\(\s*(min|max)-width\s*:\s*(\d{1,6})(?:px)?\s*\)")
_ALWAYS: Final = frozenset({"", "all", "screen", "only screen", "only all"})
_LEAST_WIDTH, _MOST_WIDTH = 320, 4_000


_Asked = tuple[str, str, str]
"""Of an attribute: its name, how it is compared, and with what."""


@dataclass(frozen=True, slots=True)
class _Compound:
    """
    What one element has to be.

    `child` where it has to be right within the one before; not `exact` where it has to be more;
    `others` counts what is asked for besides its name, marks and attributes.
    """

    name: str = ""
    marks: tuple[str, ...] = ()
    attributes: tuple[_Asked, ...] = ()
    child: bool = False
    exact: bool = True
    others: int = 0

    @property
    def weight(self) -> tuple[int, int, int]:
        """How strong a rule for it is: ids, classes and the like, names."""
        ids = sum(each.startswith("#") for each in self.marks)
        return ids, len(self.marks) - ids + len(self.attributes) + self.others, int(bool(self.name))

    def fits(self, tag: Open, marks: frozenset[str]) -> bool:
        return (
            self.name in ("", tag.name)
            and marks.issuperset(self.marks)
            and all(_has(tag, *each) for each in self.attributes)
        )


_Selector = tuple[tuple[_Compound, ...], bool]
"""The elements within one another, the outermost first, and whether it asks for no more."""


@dataclass(frozen=True, slots=True)
class _Rule:
    compounds: tuple[_Compound, ...]
    strength: tuple[int, int, int, int]
    usual: Declared
    important: Declared


@dataclass(frozen=True, slots=True)
class Placed:
    """An element that stands open, with its classes and id as selectors write them."""

    tag: Open
    marks: frozenset[str]


def placed(tag: Open) -> Placed:
    """Return an element as selectors see it."""
    classes = tag.attributes.get("class", "").lower().split()[:_MOST_PARTS]
    ids = tag.attributes.get("id", "").lower().split()[:1]
    return Placed(tag, frozenset([*(f".{each}" for each in classes), *(f"#{e}" for e in ids)]))


class Sheets:
    """The rules of all style sheets of a page; the work that they make is bounded."""

    def __init__(self, sheets: Sequence[str] = ()) -> None:
        self._rules: dict[str, list[_Rule]] = defaultdict(list)
        self._count = self._steps = 0
        left = _LONGEST
        for css in sheets:
            self._read(tinycss2.parse_stylesheet(css[:left], True, True), True, 0)
            left -= len(css)
        self._unread = left < 0 or self._count > _MOST_RULES

    def declared(self, element: Placed, around: Sequence[Placed]) -> Declared:
        """Return what holds for an element that stands in others, the outermost first."""
        if self._steps > _MOST_STEPS or self._unread:
            found: list[_Rule] = []
            unknown: Declared = {"color": UNKNOWN, "background-color": UNKNOWN}
        else:
            found = self._fitting(element, around)
            unknown = {}
        inline, urgent = declarations(element.tag.attributes.get("style", ""))
        told = dict(unknown)
        for rule in found:
            told |= rule.usual
        told |= inline
        for rule in found:
            told |= rule.important
        return told | urgent

    def _fitting(self, element: Placed, around: Sequence[Placed]) -> list[_Rule]:
        found = [
            rule
            for key in (element.tag.name, *element.marks, "*")
            for rule in self._rules.get(key, ())
            if self._fits(rule.compounds, element, around)
        ]
        return sorted(found, key=lambda rule: rule.strength)

    def _fits(
        self, compounds: Sequence[_Compound], element: Placed, around: Sequence[Placed]
    ) -> bool:
        self._steps += 1
        if self._steps > _MOST_STEPS or not compounds[-1].fits(element.tag, element.marks):
            return False
        if len(compounds) == 1:
            return True
        above = range(len(around) - 1, -1, -1)
        if compounds[-1].child:
            above = above[:1]
        return any(self._fits(compounds[:-1], around[at], around[:at]) for at in above)

    def _read(self, nodes: Sequence[Any], sure: bool, depth: int) -> None:
        for node in nodes:
            if node.type == "qualified-rule":
                self._rule(node, sure)
            elif node.type == "at-rule" and node.content is not None and depth < 3:
                name = node.lower_at_keyword
                holds = _holds(node.prelude) if name == "media" else None
                if name in ("media", "supports", "layer", "container") and holds is not False:
                    inside = tinycss2.parse_rule_list(node.content, True, True)
                    self._read(inside, sure and holds is True, depth + 1)

    def _rule(self, node: Any, sure: bool) -> None:
        content = tinycss2.parse_blocks_contents(node.content, True, True)
        usual, important = declared(content)
        if any(each.type == "qualified-rule" for each in content):
            nested = [e for r in content if r.type == "qualified-rule" for e in r.content]
            inner = declared(tinycss2.parse_blocks_contents(nested, True, True))
            self._add(((_Compound(),), False), *inner, sure=sure)
        for selector in _parted(node.prelude):
            if (read := _selector(selector)) is not None:
                self._add(read, usual, important, sure=sure)

    def _add(
        self, selector: _Selector, usual: Declared, important: Declared, *, sure: bool
    ) -> None:
        compounds, exact = selector
        self._count += 1
        if self._count > _MOST_RULES:
            return
        if not (sure and exact):
            usual = dict.fromkeys(usual, UNKNOWN)
            important = dict.fromkeys(important, UNKNOWN)
        last = compounds[-1]
        key = last.marks[0] if last.marks else last.name or "*"
        ids, classes, names = (sum(w) for w in zip(*(e.weight for e in compounds), strict=True))
        strength = (ids, classes, names, self._count)
        self._rules[key].append(_Rule(compounds, strength, usual, important))


def _holds(prelude: Sequence[Any]) -> bool | None:
    """Tell whether a media query holds on every screen, on none, or nobody knows."""
    flat = [each.content if each.type == "() block" else [] for each in prelude]
    plain = len(prelude) < 50 and not any(hasattr(e, "content") for es in flat for e in es)
    query = tinycss2.serialize(prelude).strip().lower() if plain else "?"
    answers = [_one_holds(each.strip()) for each in query.split(",")]
    if True in answers:
        return True
    return None if None in answers else False


def _one_holds(query: str) -> bool | None:
    kind, *features = [each.strip() for each in query.split(" and ")]
    if kind.startswith("("):
        kind, features = "", [kind, *features]
    if kind in ("print", "speech", "only print"):
        return False
    answers = [kind in _ALWAYS or None, *map(_feature_holds, features)]
    return False if False in answers else None if None in answers else True


def _feature_holds(feature: str) -> bool | None:
    found = _WIDTH.fullmatch(feature)
    if found is None:
        return None
    width = int(found[2])
    if found[1] == "min":
        return width <= _LEAST_WIDTH or None
    return True if width >= _MOST_WIDTH else None if width >= _LEAST_WIDTH // 2 else False


def _parted(prelude: Sequence[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts[:_MOST_RULES]


def _selector(tokens: Sequence[Any]) -> _Selector | None:
    """Return whom a selector asks for; None where it never holds."""
    parts: list[tuple[bool, list[Any]]] = [(False, [])]
    exact = len(tokens) <= _MOST_PARTS * 5
    for token in tokens[: _MOST_PARTS * 5]:
        if token in ("+", "~"):
            parts, exact = [(False, [])], False
        elif token == ">" or token.type == "whitespace":
            if parts[-1][1]:
                parts.append((False, []))
            if token == ">":
                parts[-1] = (True, [])
        else:
            parts[-1][1].append(token)
    compounds = [_compound(inside, child) for child, inside in parts if inside]
    if not compounds or None in compounds:
        return None
    asked = [each for each in compounds if each is not None]
    return tuple(asked[-_MOST_PARTS:]), exact and all(each.exact for each in asked)


def _compound(tokens: Sequence[Any], child: bool) -> _Compound | None:
    name, marks, attributes, exact, others = "", list[str](), list[_Asked](), True, 0
    left = iter(tokens)
    for token in left:
        if token.type == "ident":
            name = token.lower_value
        elif token.type == "hash":
            marks.append(f"#{token.value.lower()}")
        elif token == ".":
            marks.append(f".{getattr(next(left, None), 'lower_value', '')}")
        elif token.type == "[] block" and (asked := _attribute(token.content)):
            attributes.append(asked)
        elif token == ":":
            words = [getattr(each, "lower_value", "") for each in left]
            if not _NEVER.isdisjoint(words):
                return None
            name, exact, others = ("html", exact, 1) if words == ["root"] else (name, False, 1)
        else:
            exact = exact and token == "*"
            others += token != "*"
    return _Compound(name, tuple(marks), tuple(attributes), child, exact, others)


def _attribute(content: Sequence[Any]) -> _Asked | None:
    """Return what is asked of a class or id: others do not outlive the sanitiser."""
    parts = [each for each in content if each.type not in ("whitespace", "comment")]
    if not parts or parts[0].type != "ident" or parts[0].lower_value not in ("class", "id"):
        return None
    if len(parts) == 1:
        return parts[0].lower_value, "", ""
    if len(parts) != 3 or parts[2].type not in ("ident", "string"):
        return None
    sign = str(getattr(parts[1], "value", ""))
    return (parts[0].lower_value, sign, parts[2].value) if sign in _SIGNS else None


def _has(tag: Open, name: str, sign: str, asked: str) -> bool:
    value = tag.attributes.get(name)
    if value is None or (sign and sign != "=" and not asked):
        return False
    return (
        not sign
        or (sign == "=" and value == asked)
        or (sign == "~=" and asked in value.split())
        or (sign == "^=" and value.startswith(asked))
        or (sign == "$=" and value.endswith(asked))
        or (sign == "*=" and asked in value)
    )
