"""The wing of media: their bytes, and what becomes of them."""

from dataclasses import dataclass

import httpx2

from trunkline.composition.ground import Ground
from trunkline.composition.providers import Providers
from trunkline.core.engine.repository import JobKind
from trunkline.core.media.fetching import Fetching
from trunkline.core.media.links import Links
from trunkline.core.media.service import MediaStore
from trunkline.core.media.stores import Stores
from trunkline.core.media.sweeping import Sweeping


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaServices:
    """What stores and reads media, and what forgets them."""

    store: MediaStore
    sweeping: Sweeping
    fetching: Fetching


async def _unheard(answer: httpx2.Response) -> None:
    """Take no notice of who answered: it need not be a provider."""


def compose_media(ground: Ground, providers: Providers) -> MediaServices:
    """Put the wing together, and let the engine do its work."""
    settings, keys, db, shelf = ground.settings, ground.keys, ground.db, ground.shelf
    stores = Stores(
        db,
        providers.in_turn,
        ground.ids,
        ground.log,
        spool=settings.server.data_dir,
        owner=keys.mark,
        timeout_s=providers.timeout_s,
    )
    store = MediaStore(db, stores, shelf, Links(keys, settings.public_url))
    http, log = ground.lent.http(_unheard), ground.log
    fetching = Fetching(db, store, stores, shelf, http, log, providers.timeout_s)
    ground.engine.serve(JobKind.MEDIUM, fetching.work)
    return MediaServices(
        store=store,
        sweeping=Sweeping(db, stores, shelf, ground.log),
        fetching=fetching,
    )
