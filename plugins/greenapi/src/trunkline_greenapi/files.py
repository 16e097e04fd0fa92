"""Files that came with messages: where they lie for a while, and which message has each."""

from typing import Final
from urllib.parse import parse_qsl, urlencode

import httpx2
from pydantic import Field

from trunkline.sdk import OutcomeUnknown, ProviderError, Rejected
from trunkline_greenapi.answers import Answer
from trunkline_greenapi.errors import refusal

_GONE: Final = ("encrypted url not found", "error on downloading file")
"""
So GREEN-API begins to say that it cannot get a file any more, with a status of 400 or 500: "Files
storage period … is limited by WhatsApp" ("DownloadFile", November 2026).
"""


class Link(Answer):
    """The answer to who asks for a file anew."""

    url: str = Field(alias="downloadUrl", pattern="^https?://")


def placed(url: str, chat_id: str, message_id: str) -> str:
    """Return a file's URL with what is needed to ask for it anew, which goes to nobody else."""
    return f"{url.partition('#')[0]}#{urlencode({'chatId': chat_id, 'idMessage': message_id})}"


def of_message(url: str) -> dict[str, str]:
    """Return the chat and the message that a file came with, as far as its URL tells."""
    return dict(parse_qsl(url.partition("#")[2]))


def not_given(response: httpx2.Response) -> ProviderError:
    """Return what it means that GREEN-API gives no new link: gone it is by its own words alone."""
    text = response.text.lower()
    if response.status_code in (400, 500) and any(words in text for words in _GONE):
        code = str(response.status_code)
        return Rejected("GREEN-API does not have the file any more.", provider_code=code)
    error = refusal(response)
    if isinstance(error, Rejected):
        return OutcomeUnknown(str(error), provider_code=error.provider_code)
    return error
