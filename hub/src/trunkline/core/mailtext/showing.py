"""
The HTML of a mail as a person sees it: as text, and as HTML that is safe to show.

What is surely hidden from the eye (by styles, simple style sheets, colours, size or place) stands
in neither, so that a model reads less of what no person would. What is not sure is shown: a page
can hide text in ways that only a browser's engine finds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Final

from trunkline.core.mailtext.drawing import Drawing, Link
from trunkline.core.mailtext.sheets import Sheets
from trunkline.core.mailtext.tokens import VOID, Close, Open, Text, Token, tokens
from trunkline.core.visible import visible

MOST_BYTES: Final = 512 * 1024
"""Longer pages are shown as text alone, of their beginning."""

MOST_DEPTH: Final = 256
MOST_TAGS: Final = 10_000
"""nh3 takes quadratic time for nested tags: 0.8 s for 10,000 (version 0.3.7, 2026-11)."""

_DROPPED: Final = frozenset(
    {"script", "style", "title", "template", "noscript", "svg", "math", "object", "iframe", "frame",
     "frameset", "noframes", "noembed", "xmp", "plaintext", "textarea", "select", "audio", "video",
     "canvas", "applet"}
)  # fmt: skip
_END_THEMSELVES: Final = frozenset(
    {"p", "li", "td", "th", "tr", "tbody", "thead", "dt", "dd", "option"}
)
_LOOKS: Final = frozenset(
    {"style", "class", "id", "hidden", "bgcolor", "background", "color", "open", "popover"}
)
_NAME: Final = re.compile(r"[a-z][a-z0-9:_-]{0,40}")
_MOST_TOKENS: Final = 50_000
_SHOWN: Final = frozenset(
    {"a", "abbr", "address", "b", "bdo", "blockquote", "br", "caption", "center", "cite", "code",
     "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1",
     "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s",
     "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
     "thead", "tr", "u", "ul", "var"}
)  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    What a person sees of a page.

    Attributes:
        text: In lines; quotes as ``> ``. Links are their words, with where they lead.
        html: Sanitised: no scripts, styles, forms, frames, and no pictures but those of the mail
            itself (``cid:``), so that showing it fetches nothing. None where the page is too long
            or too deep to be sanitised.
        links: Where its links lead, in their order.
        hid_text: Whether it holds text that nobody would see: often a harmless preview, at times
            instructions for a model.
    """

    text: str
    html: str | None
    links: tuple[Link, ...] = ()
    hid_text: bool = False


def shown(page: str) -> Shown:
    """Return what a person sees of a mail's HTML; up to two seconds' work: call it in a thread."""
    page = page.replace("\x00", "").encode(errors="replace").decode()
    cut = page[:MOST_BYTES]
    found = list(islice(tokens(cut), _MOST_TOKENS + 1))
    drawing = Drawing(Sheets(list(_sheets(found))), _page(found))
    bounded = len(page.encode()) <= MOST_BYTES and _is_bounded(found)
    drawing.draw(tokens(_whole(cut, found)) if bounded else _without_dropped(tokens(cut)))
    return Shown(
        text=visible(drawing.text),
        # Made safe once more without what cannot be seen: that may have hidden a link's scheme.
        html=_safe(visible(_safe(drawing.html))) if bounded else None,
        links=tuple(replace(each, words=visible(each.words)) for each in drawing.links),
        hid_text=drawing.hidden,
    )


def _sheets(found: list[Token]) -> Iterator[str]:
    for tag, inside in pairwise(found):
        if isinstance(tag, Open) and tag.name == "style" and isinstance(inside, Text):
            if media := tag.attributes.get("media", ""):
                yield f"@media {media}{{{inside.text}}}"
            else:
                yield inside.text


def _page(found: list[Token]) -> list[Open]:
    """Return the page's own tags, which go when it is sanitised, with their looks."""
    page = {"html": Open("html"), "body": Open("body")}
    for token in reversed(found):
        if isinstance(token, Open) and token.name in page:
            told = dict(token.attributes)
            colour = told.pop("text", None) if token.name == "body" else None
            page[token.name] = Open(token.name, {"color": colour, **told} if colour else told)
    return list(page.values())


def _is_bounded(found: list[Token]) -> bool:
    """Tell whether a sanitiser gets through in bounded time."""
    if len(found) > _MOST_TOKENS:
        return False
    depth, opened = 0, 0
    by_name: dict[str, int] = {}
    for token in found:
        if isinstance(token, Open) and token.name not in VOID:
            opened += 1
            if token.name not in _END_THEMSELVES:
                by_name[token.name] = by_name.get(token.name, 0) + 1
                depth += 1
            if token.overfull or opened > MOST_TAGS or depth > MOST_DEPTH:
                return False
        elif isinstance(token, Close) and by_name.get(token.name):
            by_name[token.name] -= 1
            depth -= 1
    return True


def _whole(page: str, found: list[Token]) -> str:
    """Return the page as a browser's parser understands it, every tag closed, looks kept."""
    import nh3

    opened = {each.name for each in found if isinstance(each, Open)}
    names = {each for each in opened if _NAME.fullmatch(each)}
    return nh3.clean(
        page,
        tags=names - _DROPPED,
        clean_content_tags=set(_DROPPED),
        attributes={"*": set(_LOOKS), **_ATTRIBUTES},
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
    )


def _safe(page: str) -> str:
    import nh3

    return nh3.clean(
        page,
        tags=set(_SHOWN),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_own_pictures,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel", "cid"},
    )


def _own_pictures(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src" and not value.lower().startswith("cid:"):
        return None
    return value


def _without_dropped(found: Iterator[Token]) -> Iterator[Token]:
    """Give a page that is not sanitised without elements of which nothing is shown."""
    inside: str | None = None
    for token in found:
        if inside is not None:
            inside = None if isinstance(token, Close) and token.name == inside else inside
        elif isinstance(token, Open) and token.name in _DROPPED:
            inside = token.name
        else:
            yield token
