"""The HTML of a mail as a person sees it: as text, and as HTML that is safe to show."""

from trunkline.core.mailtext.drawing import Link
from trunkline.core.mailtext.showing import Shown, shown

__all__ = ["Link", "Shown", "shown"]
