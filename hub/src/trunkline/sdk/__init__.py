"""Everything an adapter author may import, and the only place to import it from."""

from trunkline.sdk.capability import Capability, Idempotency
from trunkline.sdk.clock import Clock, SystemClock
from trunkline.sdk.database import Database, DatabaseContext, DatabaseSpec, Note, Tx
from trunkline.sdk.errors import (
    AuthFailed,
    BadSignature,
    DatabaseFailed,
    NotConfigured,
    OutcomeUnknown,
    OutOfCredit,
    Overloaded,
    ProviderError,
    Rejected,
    RetryLater,
    TrunklineError,
    Unsupported,
)
from trunkline.sdk.http import transport_errors
from trunkline.sdk.ids import IdSource
from trunkline.sdk.markers import ENTRY_POINT_GROUP, PROJECT, hookimpl, hookspec
from trunkline.sdk.money import MICROS, PriceList, major_units
from trunkline.sdk.notes import Listeners
from trunkline.sdk.phone import E164, e164, is_demo_number
from trunkline.sdk.specs import (
    HUB_VIEW,
    AgentCard,
    ASGIApp,
    CallbackUrl,
    EventLog,
    HubView,
    ProviderContext,
    ProviderSpec,
    Site,
)
from trunkline.sdk.telephony import (
    DeliveryStatus,
    OutboundCall,
    OutboundSms,
    Receipt,
    SmsReport,
    TelephonyProvider,
)
from trunkline.sdk.webhooks import (
    CallbackKind,
    InboundEvent,
    SmsReceived,
    StatusReported,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)

__all__ = [
    "E164",
    "ENTRY_POINT_GROUP",
    "HUB_VIEW",
    "MICROS",
    "PROJECT",
    "ASGIApp",
    "AgentCard",
    "AuthFailed",
    "BadSignature",
    "CallbackKind",
    "CallbackUrl",
    "Capability",
    "Clock",
    "Database",
    "DatabaseContext",
    "DatabaseFailed",
    "DatabaseSpec",
    "DeliveryStatus",
    "EventLog",
    "HubView",
    "IdSource",
    "Idempotency",
    "InboundEvent",
    "Listeners",
    "NotConfigured",
    "Note",
    "OutOfCredit",
    "OutboundCall",
    "OutboundSms",
    "OutcomeUnknown",
    "Overloaded",
    "PriceList",
    "ProviderContext",
    "ProviderError",
    "ProviderSpec",
    "Receipt",
    "Rejected",
    "RetryLater",
    "Site",
    "SmsReceived",
    "SmsReport",
    "StatusReported",
    "SystemClock",
    "TelephonyProvider",
    "TrunklineError",
    "Tx",
    "Unsupported",
    "WebhookAdapter",
    "WebhookReply",
    "WebhookRequest",
    "e164",
    "hookimpl",
    "hookspec",
    "is_demo_number",
    "major_units",
    "transport_errors",
]
