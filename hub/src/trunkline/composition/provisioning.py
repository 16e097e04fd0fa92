"""The wing of provisioning: how agents get their channels."""

from trunkline.composition.ground import Ground
from trunkline.composition.providers import Providers
from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.engine.repository import JobKind
from trunkline.core.privacy.sealing import Seals
from trunkline.core.provisioning.accounts import Accounts, Isolation
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.assigning import Assigning
from trunkline.core.provisioning.carriers import Carriers
from trunkline.core.provisioning.domains import Domains, Voices
from trunkline.core.provisioning.ending import Ending
from trunkline.core.provisioning.numbers import Numbers
from trunkline.core.provisioning.pool import SenderPool
from trunkline.core.provisioning.pool_filling import Filling
from trunkline.core.provisioning.pool_sources import PoolSources
from trunkline.core.provisioning.senders import Senders
from trunkline.core.provisioning.service import Provisioning
from trunkline.core.provisioning.starts import Starts
from trunkline.core.provisioning.urls import Urls
from trunkline.core.provisioning.work import Work
from trunkline.core.sending.service import Messages
from trunkline.sdk import MICROS


def compose_provisioning(
    ground: Ground, providers: Providers, agents: Agents, tokens: Tokens, messages: Messages
) -> Provisioning:
    """Put the wing together, and let the engine do its work."""
    db, engine, clock, ids = ground.db, ground.engine, ground.clock, ground.ids
    settings = ground.settings
    vendors = Vendors(providers.connections, ground.log, providers.timeout_s)
    urls = Urls(settings.public_url, settings.server.public_url is not None)
    accounts = Accounts(
        db,
        vendors,
        Seals(ground.keys, ids),
        clock,
        ids,
        Isolation(settings.provisioning.isolation),
    )
    assigning = Assigning(clock, ids, accounts.serve)
    limit = round(settings.provisioning.max_number_price_per_month * MICROS)
    numbers = Numbers(vendors, assigning, urls, clock, limit)
    waiting = settings.pool
    sources = PoolSources(
        providers.connections, urls, waiting.whatsapp_size, waiting.whatsapp_country
    )
    pool = SenderPool(db, engine, clock, ids, sources)
    filling = Filling(db, engine, clock, ids, ground.log, sources)
    work = Work(
        db,
        engine,
        clock,
        ground.log,
        ground.alarms,
        numbers,
        Senders(db, vendors, assigning, urls, clock, waiting.whatsapp_display_name),
        Domains(vendors, assigning, urls),
        Voices(db),
        accounts,
        Carriers(db, vendors, accounts.seals, clock),
        pool,
        ground.audit,
    )
    engine.serve(JobKind.SENDER_POOL, filling.work)
    engine.serve(JobKind.PROVISION, work.work)
    engine.serve(JobKind.DEPROVISION, Ending(db, messages, ground.alarms).work)
    return Provisioning(
        db=db,
        agents=agents,
        tokens=tokens,
        connections=providers.connections,
        numbers=numbers,
        urls=urls,
        pool=pool,
        filling=filling,
        starts=Starts(pool, clock),
        accounts=accounts,
        engine=engine,
        clock=clock,
        ids=ids,
        audit=ground.audit,
        alone=ground.lent.alone,
        email_domain=settings.provisioning.email_domain,
    )
