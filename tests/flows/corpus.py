"""The corpus of mails that stands beside this checkout, if it does."""

import json
import re
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


def rewritten(name: str, named: dict[bytes, bytes]) -> bytes:
    """Return a mail of the corpus with the hub's own names in it, in capitals where it has them."""
    raw = (CORPUS / name).read_bytes()
    for old, new in named.items():
        raw = raw.replace(old.upper(), new.upper())
        raw = re.sub(re.escape(old), new.replace(b"\\", b"\\\\"), raw, flags=re.IGNORECASE)
    return raw
