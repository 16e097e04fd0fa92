"""What is drawn of a mail's HTML: as lines of text, and as HTML without what is hidden."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.core.mailtext.hiding import Look, look
from trunkline.core.mailtext.sheets import Placed, Sheets, placed
from trunkline.core.mailtext.tokens import VOID, Open, Text, Token

MOST_LINKS: Final = 500
_MOST_DEPTH: Final = 256
_WHITE: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_LEADS: Final = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_SCHEME: Final = re.compile(r"^(?:https?://|mailto:|tel:)?(?:www\.)?")
_APART: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre", "hr", "dl"}
)
_LINES: Final = _APART | {
    "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "address", "center",
    "body", "form", "fieldset", "main", "nav", "aside", "caption", "figure", "figcaption",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a link leads, as it stands there, and the words that it is on. Nothing follows it."""

    words: str
    url: str


@dataclass(slots=True)
class _Element:
    name: str
    look: Look
    words_from: int = 0
    url: str | None = None


class Drawing:
    """Draws tokens one after another; time and depth are bounded whatever they are."""

    def __init__(self, sheets: Sheets, page: Sequence[Open] = ()) -> None:
        """Draw inside of `page`: the tags around all others, the outermost first."""
        self.links: list[Link] = []
        self.hidden = False
        self._sheets = sheets
        self._around: list[Placed] = []
        self._open: list[_Element] = []
        self._ground = Look()
        for tag in page:
            self._ground = self._looks(placed(tag))
            self._around.append(placed(tag))
        self._names: dict[str, int] = {}
        self._lines: list[str] = []
        self._line: list[str] = []
        self._words: list[str] = []
        self._quotes = self._pre = 0
        self._html: list[str] = []
        self._told: set[str] = set()

    def draw(self, tokens: Iterable[Token]) -> None:
        """Draw what is given; call it once."""
        for token in tokens:
            if isinstance(token, Text):
                self._text(token.text)
            elif isinstance(token, Open):
                self._start(token)
            else:
                self._end(token.name)
        while self._open:
            self._leave()
        self._break()

    @property
    def text(self) -> str:
        """What a person sees, in lines."""
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")

    @property
    def html(self) -> str:
        """The page without what is hidden. It is not sanitised."""
        return "".join(self._html)

    @property
    def _look(self) -> Look:
        return self._open[-1].look if self._open else self._ground

    def _looks(self, its: Placed) -> Look:
        return look(its.tag, self._sheets.declared(its, self._around), self._look)

    def _text(self, text: str) -> None:
        if self._look.hidden:
            self.hidden |= bool(text.strip())
            return
        self._html.append(html.escape(text, quote=False))
        self._words.append(text)
        if self._pre:
            first, *others = text.split("\n")
            self._line.append(first)
            for each in others:
                self._break()
                self._line.append(each)
        else:
            self._line.append(_WHITE.sub(" ", text))

    def _start(self, tag: Open) -> None:
        name = tag.name
        if len(self._open) >= _MOST_DEPTH and name not in VOID:
            return
        its_place = placed(tag)
        its_look = self._looks(its_place)
        if name in VOID:
            if not its_look.gone:
                self._void(name)
                self._html.append(_written(tag))
            return
        element = _Element(name, its_look, len(self._words), tag.attributes.get("href"))
        self._open.append(element)
        self._around.append(its_place)
        self._names[name] = self._names.get(name, 0) + 1
        if its_look.gone:
            return
        self._html.append(_written(tag))
        if name in _LINES:
            self._break(apart=name in _APART)
        self._quotes += name == "blockquote"
        self._pre += name == "pre"
        if name == "li":
            self._line.append("- ")
        elif name in ("td", "th") and "".join(self._line).strip():
            self._line.append("\t")

    def _void(self, name: str) -> None:
        if name == "hr":
            self._break(apart=True)
        elif name == "br":
            empty = not "".join(self._line).strip()
            self._break()
            if empty and self._lines and self._lines[-1]:
                self._lines.append("")

    def _end(self, name: str) -> None:
        if self._names.get(name):
            while self._leave() != name:
                pass

    def _leave(self) -> str:
        element = self._open.pop()
        self._around.pop()
        self._names[element.name] -= 1
        if element.look.gone:
            return element.name
        self._html.append(f"</{element.name}>")
        if element.name in _LINES:
            self._break(apart=element.name in _APART)
        self._quotes -= element.name == "blockquote"
        self._pre -= element.name == "pre"
        if element.name == "a" and element.url and len(self.links) < MOST_LINKS:
            words = " ".join("".join(self._words[element.words_from :]).split())
            url = element.url.strip()[:2000]
            self.links.append(Link(words=words[:500], url=url))
            self._say_where(words, url)
        return element.name

    def _say_where(self, words: str, url: str) -> None:
        """Write where a link leads after its words, once, unless they say so themselves."""
        if not words or url in self._told or not _LEADS.fullmatch(url):
            return
        self._told.add(url)
        if _bare(words) != _bare(url):
            self._line.append(f" ({url})")

    def _break(self, apart: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else re.sub(" {2,}", " ", line).strip()
        self._line = []
        if line or self._pre:
            self._lines.append("> " * self._quotes + line)
        if apart and self._lines and self._lines[-1]:
            self._lines.append("")


def _bare(url: str) -> str:
    """Return a URL as people write it: without a scheme, and the slash at its end."""
    return _SCHEME.sub("", url.casefold()).rstrip("/")


def _written(tag: Open) -> str:
    kept = (f' {key}="{html.escape(value)}"' for key, value in tag.attributes.items())
    return f"<{tag.name}{''.join(kept)}>"
