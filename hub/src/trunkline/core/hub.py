"""The services of one running hub, as the surfaces see them."""

from dataclasses import dataclass

from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.service import Alerts
from trunkline.core.approvals.service import Approvals
from trunkline.core.audit.denials import Denials
from trunkline.core.audit.sealing import Sealer
from trunkline.core.audit.verifying import Verifying
from trunkline.core.calls.service import Calls
from trunkline.core.compliance.ledger import Consents
from trunkline.core.compliance.service import Suppressions
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.routes import Routes
from trunkline.core.connections.verification import Verification
from trunkline.core.credentials.service import Registrations
from trunkline.core.doctor.service import Doctor
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.inbound.events import Events
from trunkline.core.inbound.intake import Intake
from trunkline.core.inbox.pages import Inbox
from trunkline.core.inbox.wait import Replies
from trunkline.core.limits.service import LimitKeeper
from trunkline.core.media.service import MediaStore
from trunkline.core.media.sweeping import Sweeping
from trunkline.core.privacy.rotation import Rotation
from trunkline.core.provisioning.keeping import Keeping
from trunkline.core.provisioning.registering import Registering
from trunkline.core.provisioning.service import Provisioning
from trunkline.core.retention.erasing import Erasing
from trunkline.core.retention.exporting import Exporting
from trunkline.core.retention.forgetting import Retention
from trunkline.core.retention.service import Privacy
from trunkline.core.sending.batches import Batches
from trunkline.core.sending.quoting import Quotes
from trunkline.core.sending.service import Messages
from trunkline.core.settlement.resolve import Decisions
from trunkline.core.speech.sounds import Sounds
from trunkline.core.speech.speaking import Speaking
from trunkline.core.subscriptions.service import Subscriptions
from trunkline.core.templates.service import Templates
from trunkline.core.usage.service import UsageReports
from trunkline.metrics import Metrics
from trunkline.sdk import Clock, Database, EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What a surface may call."""

    agents: Agents
    tokens: Tokens
    provisioning: Provisioning
    keeping: Keeping
    registering: Registering
    limits: LimitKeeper
    media: MediaStore
    media_sweeping: Sweeping
    messages: Messages
    approvals: Approvals
    alarms: Alarms
    alerts: Alerts
    quotes: Quotes
    batches: Batches
    inbox: Inbox
    calls: Calls
    replies: Replies
    decisions: Decisions
    intake: Intake
    events: Events
    forwarding: Forwarding
    subscriptions: Subscriptions
    suppressions: Suppressions
    consents: Consents
    templates: Templates
    usage: UsageReports
    speaking: Speaking
    sounds: Sounds
    rotation: Rotation
    erasing: Erasing
    exporting: Exporting
    privacy: Privacy
    retention: Retention
    doctor: Doctor
    audit: Verifying
    denials: Denials
    sealer: Sealer
    connections: Connections
    routes: Routes
    verification: Verification
    registrations: Registrations
    db: Database
    metrics: Metrics
    clock: Clock
    log: EventLog
