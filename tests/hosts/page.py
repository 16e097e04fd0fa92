"""What docs/use/connect-clients.md tells people to type, with a real hub's address and token."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "use" / "connect-clients.md"
_BLOCK: Final = re.compile(
    r"(?P<before>(?:[^\n]+\n)+)\n```(?P<kind>\w+)\n(?P<text>.*?)\n```", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the page, as it reads for one hub and one agent."""

    text: str

    def commands(self, program: str) -> list[str]:
        """Return the lines for a shell that start with `program`, in their order."""
        lines = [
            line.removeprefix("$ ")
            for block in _BLOCK.finditer(self.text)
            if block["kind"] == "console"
            for line in block["text"].replace("\\\n", "").splitlines()
        ]
        return [line for line in lines if line.split()[0] == program]

    def file(self, named: str) -> str | None:
        """Return the file that stands below the sentence in which it is named, if there is one."""
        found = [
            block["text"]
            for block in _BLOCK.finditer(self.text)
            if block["kind"] == "json" and named in block["before"]
        ]
        assert len(found) < 2, f"{len(found)} blocks below a sentence with {named!r}"
        return found[0] if found else None


def section(title: str, base_url: str, token: str) -> Section:
    """Return the section with a title."""
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found, f"the page has no section {title!r}"
    return Section(
        text=found[1].replace("http://127.0.0.1:3100", base_url).replace("tl_agent_…", token)
    )
