"""The corpus of mails that stands beside this checkout, if it does."""

import json
from pathlib import Path
from typing import Any, Final

CORPUS: Final = Path(__file__).parents[2].parent / "shared" / "cases" / "mail"
_TOLD: Final = CORPUS / "expected.json"
FILES: Final[dict[str, dict[str, Any]]] = (
    json.loads(_TOLD.read_text(encoding="utf-8"))["files"] if _TOLD.exists() else {}
)
"""What is expected of each mail, by the name of its file."""

SENT: Final = [name for name, told in FILES.items() if told.get("direction") == "sent"]
FED: Final = [name for name in FILES if name not in SENT]
WHY_NOT: Final = "the corpus of mails is not beside this checkout"


def collapsed(text: str) -> str:
    """Return a text with each run of white space as one blank."""
    return " ".join(text.split())
