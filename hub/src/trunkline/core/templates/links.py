"""Where in the HTML of a template variables stand, and whether a value is safe there."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

_URLS: Final = frozenset(
    {"href", "src", "action", "formaction", "background", "poster", "cite", "data", "srcset",
     "xlink:href"}
)  # fmt: skip
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_LEADS: Final = re.compile(r"\s*\{\{ *([A-Za-z0-9_]{1,64}) *\}\}")
_SAFE: Final = re.compile(r"\s*(?:https?:|mailto:|tel:|[/?#])", re.IGNORECASE)
_WHERE: Final = "put variables between tags or into quoted attributes"


class _Places(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.leading: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        outside = _QUOTED.sub("", self.get_starttag_text() or "")
        if "{{" in outside:
            self.faults.append(f"{_WHERE}, and nowhere else in a tag.")
        for name, value in attrs:
            if value and "{{" in value:
                self._attribute(name, value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if "{{" in tag:
            self.faults.append(f"{_WHERE}.")

    def handle_comment(self, data: str) -> None:
        self._hidden(data)

    def handle_decl(self, decl: str) -> None:
        self._hidden(decl)

    def unknown_decl(self, data: str) -> None:
        self._hidden(data)

    def handle_pi(self, data: str) -> None:
        self._hidden(data)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:  # a script or a style sheet
            self._hidden(data)

    def _hidden(self, data: str) -> None:
        if "{{" in data:
            self.faults.append(f"{_WHERE}, not into scripts, style sheets or comments.")

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc"):
            self.faults.append(f"no variable may stand in '{name}'.")
        elif name in _URLS and (found := _LEADS.match(value)):
            self.leading.append(found[1])
        elif name in _URLS and not _SAFE.match(value):
            self.faults.append(f"begin '{name}' with https:// or with one variable.")


def _places(page: str) -> _Places:
    places = _Places()
    places.feed(page)
    places.close()
    return places


def linked(page: str) -> list[str]:
    """Return the variables that say where links of a page lead."""
    return list(dict.fromkeys(_places(page).leading))


def faults(page: str) -> Iterator[str]:
    """Say what is wrong with where variables stand in a page."""
    if re.search(r"<[/!?]?\s*\{\{|&#?[A-Za-z0-9]*\{\{", page):
        yield f"{_WHERE}."
    yield from _places(page).faults
