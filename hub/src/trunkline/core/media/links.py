"""Links that anybody can read a medium from for a while."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import ExpiredLink, NotFound

_TOKEN: Final = re.compile(r"(med_[0-9a-f]{32})-([0-9]{1,12})-([0-9a-f]{32})")
_MAC_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Links:
    """Signs links and reads them. What is signed is the medium and when the link's time is over."""

    keys: Keys
    public_url: str

    def url(self, workspace_id: str, medium_id: str, expires_at: datetime) -> str:
        """Return a link to a medium."""
        seconds = str(int(expires_at.timestamp()))
        token = f"{medium_id}-{seconds}-{self._mac(workspace_id, medium_id, seconds)}"
        return f"{self._base}/{token}"

    def token_of(self, url: str) -> str | None:
        """Return the token of a URL that is one of these links, as far as it tells itself."""
        start, _, token = url.rpartition("/")
        return token if start == self._base and _TOKEN.fullmatch(token) else None

    def read(self, workspace_id: str, token: str, now: datetime) -> str:
        """
        Return the id of the medium that a link leads to.

        Raises:
            NotFound: It is not one of this hub's, or was changed.
            ExpiredLink: Its time is over.
        """
        read = _TOKEN.fullmatch(token)
        if read is None:
            raise NotFound("link")
        medium_id, seconds, mac = read.groups()
        if not hmac.compare_digest(mac, self._mac(workspace_id, medium_id, seconds)):
            raise NotFound("link")
        if int(seconds) <= now.timestamp():
            raise ExpiredLink
        return medium_id

    @property
    def _base(self) -> str:
        return f"{self.public_url.rstrip('/')}/media"

    def _mac(self, workspace_id: str, medium_id: str, seconds: str) -> str:
        digest = self.keys.digest(Purpose.URLS, "media", workspace_id, medium_id, seconds)
        return digest.hex()[:_MAC_DIGITS]
