"""The services of one running hub, as the surfaces see them."""

from dataclasses import dataclass

from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.compliance.service import Suppressions
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.routes import Routes
from trunkline.core.connections.verification import Verification
from trunkline.core.doctor.service import Doctor
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.inbound.events import Events
from trunkline.core.inbound.intake import Intake
from trunkline.core.inbox.pages import Inbox
from trunkline.core.inbox.wait import Replies
from trunkline.core.retention.forgetting import Retention
from trunkline.core.retention.service import Privacy
from trunkline.core.sending.batches import Batches
from trunkline.core.sending.service import Messages
from trunkline.core.settlement.resolve import Decisions
from trunkline.core.subscriptions.service import Subscriptions
from trunkline.core.templates.service import Templates
from trunkline.metrics import Metrics
from trunkline.sdk import Clock, Database, EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What a surface may call."""

    agents: Agents
    tokens: Tokens
    messages: Messages
    batches: Batches
    inbox: Inbox
    replies: Replies
    decisions: Decisions
    intake: Intake
    events: Events
    forwarding: Forwarding
    subscriptions: Subscriptions
    suppressions: Suppressions
    templates: Templates
    privacy: Privacy
    retention: Retention
    doctor: Doctor
    connections: Connections
    routes: Routes
    verification: Verification
    db: Database
    metrics: Metrics
    clock: Clock
    log: EventLog
