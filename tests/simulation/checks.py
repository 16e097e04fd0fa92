"""What must be true after every run, by what the vendors accepted and the database committed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from tests.simulation.channels import SMS, VOICE, WHATSAPP
from tests.simulation.plans import Order
from tests.simulation.vendors import Text, honoured_s
from tests.simulation.virtual import START
from tests.simulation.weather import Flavour
from tests.simulation.world import World
from trunkline.sdk import DeliveryStatus

TAKEN: Final = {"sent", "delivered", "read"}
NOT_SENT: Final = {"blocked", "canceled"}
ENDS: Final = TAKEN | NOT_SENT | {"failed"}
UNDER_WAY: Final = {"queued", "initiated", "ringing", "in-progress"}
FORWARD: Final[dict[str, set[str]]] = {
    "held": {"queued", "sent", "delivered", "read", "failed", "blocked", "canceled"},
    "queued": {"held", "sending", "sent", "delivered", "read", "failed", "blocked", "canceled"},
    "sending": {"queued", "sent", "delivered", "read", "failed", "unknown"},
    "unknown": {"sending", "queued", "sent", "delivered", "read", "failed"},
    "sent": {"delivered", "read", "failed"},
    "delivered": {"read"},
}
"""Where a status may move, written down apart from the hub's own table; mails may come back too."""


class History:
    """What a run left: the rows, who the texts belong to, and the order of the commits."""

    def __init__(self, world: World) -> None:
        self.world = world
        rows = world.disk.rows
        self.messages = {row["id"]: row for row in rows("SELECT * FROM messages")}
        self.sent = {i: row for i, row in self.messages.items() if row["direction"] == "outbound"}
        self.attempts = {row["id"]: row for row in rows("SELECT * FROM message_attempts")}
        self.log = rows("SELECT * FROM log ORDER BY n")
        self.texts: dict[str, list[Text]] = {}
        for vendor in world.vendors.values():
            for text in vendor.texts:
                attempt = self.attempts.get(text.attempt_id)
                owner = attempt["message_id"] if attempt else f"what {text.attempt_id} is of"
                self.texts.setdefault(owner, []).append(text)

    def effects(self, message_ids: set[str]) -> int:
        """Return how many texts went out for some messages."""
        return sum(len(self.texts.get(each, ())) for each in message_ids)


def violations(world: World) -> list[str]:
    """Return every promise that a run broke."""
    history = History(world)
    checks = (
        _accepted_once, _claimed_truly, _lost, _answered_truly, _forward, _allowed, _in_time,
        _windows, _bounced, _at_rest, _held, _reported, _jobs, _heard_once, _patient, _calls,
        _paid_once,
    )  # fmt: skip
    return [f"{check.__name__[1:]}: {fault}" for check in checks for fault in check(history)]


def _accepted_once(history: History) -> Iterator[str]:
    for message_id, texts in history.texts.items():
        if len(texts) > 1:
            yield f"{message_id} went out {len(texts)} times"
    for order in history.world.plan.orders:
        effects = history.effects(_messages_of(order))
        if order.keyed and effects > 1:
            yield f"order {order.number} went out {effects} times"


def _claimed_truly(history: History) -> Iterator[str]:
    for message_id, row in history.sent.items():
        texts = history.texts.get(message_id, [])
        status = row["status"]
        if status in TAKEN and not texts:
            yield f"{message_id} is {status}, and no vendor took it"
        if status in ("delivered", "read") and not any(status in text.said for text in texts):
            yield f"{message_id} is {status}, and no vendor said so"
        if status in NOT_SENT and texts:
            yield f"{message_id} is {status}, and went out"
        if status == "failed" and any(DeliveryStatus.FAILED not in text.said for text in texts):
            yield f"{message_id} is failed, and went out"
        # Of two that a look-up found at once nobody tells which is which, and neither bears an id.
        if status in TAKEN and row["external_id"] not in {None, *(t.provider_id for t in texts)}:
            yield f"{message_id} bears the id {row['external_id']} of another text"


def _lost(history: History) -> Iterator[str]:
    for order in history.world.plan.orders:
        for kind, message_id in order.answers:
            if message_id is not None and message_id not in history.messages:
                yield f"order {order.number} was answered {kind}, and there is no row"
    for message_id, texts in history.texts.items():
        if message_id not in history.messages:
            yield f"{texts[0].provider_id} went out, and there is no row"


def _answered_truly(history: History) -> Iterator[str]:
    for order in history.world.plan.orders:
        if not order.keyed:
            continue
        named = _messages_of(order)
        standing = {i for i in named if history.sent[i]["status"] not in NOT_SENT | {"failed"}}
        if len(standing) > 1:
            yield f"order {order.number} became {len(standing)} messages"
        for message_id in named:
            if order.canceled and ("canceled", message_id) in order.answers:
                status = history.sent[message_id]["status"]
                if status != "canceled":
                    yield f"order {order.number} was canceled, and is {status}"
    claimed = {i for order in history.world.plan.orders for i in _messages_of(order)}
    unclaimed = {i for i in set(history.sent) - claimed if history.texts.get(i)}
    unanswered = [o for o in history.world.plan.orders if _unheard(o)]
    if len(unclaimed) > sum(len(o.twins) + 1 for o in unanswered):
        yield f"{sorted(unclaimed)} went out, and nobody was told"


def _unheard(order: Order) -> bool:
    """Tell whether a client of an order may never have heard what became of it."""
    return not order.keyed or any(kind == "never" for kind, _ in order.answers)


def _forward(history: History) -> Iterator[str]:
    for row in history.log:
        if row["what"] == "status" and row["subject"] in history.sent:
            old, _, new = row["detail"].partition(">")
            came_back = (old, new) == ("delivered", "failed")
            is_mail = history.sent[row["subject"]]["channel"] == "email"
            if new not in FORWARD.get(old, set()) and not (came_back and is_mail):
                yield f"{row['subject']} moved from {old} to {new}"


def _allowed(history: History) -> Iterator[str]:
    """No attempt begins after a STOP, a suspension or a cancel was committed."""
    stopped: set[tuple[str, str]] = set()
    """Of whom nobody may write to, or one sender: who, and which sender."""
    ever_stopped: set[str] = set()
    suspended: set[str] = set()
    for row in history.log:
        match row["what"]:
            case "stop":
                stopped.add((row["subject"], row["detail"]))
                ever_stopped.add(row["subject"])
            case "heard" if row["subject"] in history.world.texts:
                writer, text = history.world.texts[row["subject"]]
                if text == "STOP" and writer not in ever_stopped:
                    yield f"the STOP {row['subject']} was acknowledged before it counted"
            case "start":
                stopped.discard((row["subject"], row["detail"]))
            case "agent":
                change = suspended.discard if row["detail"] == "active" else suspended.add
                change(row["subject"])
            case "attempt":
                message = history.sent[row["subject"]]
                to = message["to_address"]
                if stopped & {(to, ""), (to, message["from_address"])}:
                    yield f"attempt {row['detail']} at {row['subject']} began after a STOP"
                if message["agent_id"] in suspended:
                    yield f"attempt {row['detail']} at {row['subject']} began in a suspension"


def _windows(history: History) -> Iterator[str]:
    """No WhatsApp attempt begins to somebody who has not written, or whose window is closed."""
    if history.world.plan.line is not WHATSAPP:
        return
    wrote: set[tuple[str, str]] = set()
    for row in history.log:
        message = history.messages.get(row["subject"])
        if message is None:
            continue
        pair = (message["from_address"], message["to_address"])
        if row["what"] == "message" and message["direction"] == "inbound":
            wrote.add(pair)
        closes = row["what"] == "status" and row["detail"].endswith(">failed")
        if closes and message["provider_code"] == "closed":
            wrote.discard(pair[::-1])
        if row["what"] == "attempt" and pair[::-1] not in wrote:
            yield f"attempt {row['detail']} at {row['subject']} began outside of the window"


def _bounced(history: History) -> Iterator[str]:
    """Where a mail bounced, its sender writes no more."""
    closed = {(row["subject"], row["detail"]) for row in history.log if row["what"] == "stop"}
    for message_id, row in history.sent.items():
        pair = (row["to_address"], row["from_address"])
        if row["provider_code"] == "no_mailbox" and pair not in closed:
            yield f"{message_id} bounced, and its recipient was never closed"


def _in_time(history: History) -> Iterator[str]:
    """No attempt begins before its message is due, nor after its time has passed."""
    jumped = timedelta(seconds=history.world.jumped_s)
    orders = {i: order for order in history.world.plan.orders for i in _messages_of(order)}
    for row in history.log:
        if row["what"] != "attempt":
            continue
        at, message = _time(row["at"]), history.sent[row["subject"]]
        if at > _time(message["deadline_at"]):
            yield f"attempt {row['detail']} at {row['subject']} began after its time"
        order = orders.get(row["subject"])
        due_s = 0.0 if order is None or order.due_s is None else order.due_s
        if at + jumped < START + timedelta(seconds=due_s):
            yield f"attempt {row['detail']} at {row['subject']} began too early"


def _held(history: History) -> Iterator[str]:
    """What is held waits for its agent to be resumed, and not beyond its own time."""
    rows = history.world.disk.rows
    suspended = {
        row["agent_id"] for row in rows("SELECT * FROM agent_channels WHERE status = 'suspended'")
    }
    ends = {row["subject_id"] for row in rows("SELECT * FROM engine_jobs WHERE kind = 'attempt'")}
    for message_id, row in history.sent.items():
        if row["status"] == "held" and row["agent_id"] not in suspended:
            yield f"{message_id} is held, and its agent may act"
        if row["status"] == "held" and message_id not in ends:
            yield f"{message_id} is held, and nobody will give it up"


def _at_rest(history: History) -> Iterator[str]:
    """After the calm nothing hangs: what is not over will be gone on with, or a person is asked."""
    jobs = {
        (row["kind"], row["subject_id"])
        for row in history.world.disk.rows("SELECT * FROM engine_jobs")
    }
    hindered = {row["subject"] for row in history.log if row["what"] in ("stop", "agent")}
    closed = [row for row in history.sent.values() if row["provider_code"] == "closed"]
    hindered |= {row["to_address"] for row in closed}
    for message_id, row in history.sent.items():
        status = row["status"]
        if status == "queued" and ("attempt", message_id) not in jobs:
            yield f"{message_id} is queued, and nobody will send it"
        if status == "unknown" and not row["flag"] and ("reconcile", message_id) not in jobs:
            yield f"{message_id} is unknown, and nobody is asked"
        if (row["flag"] == "unknown") > (status == "unknown"):
            yield f"{message_id} is flagged as unknown, and is {status}"
        if row["flag"] == "sent_after_all" and _refused_it(history, message_id):
            yield f"{message_id} is flagged as sent after all, and its vendor failed to deliver it"
        if row["flag"] == "unknown" and _should_be_found(history, row, hindered):
            yield f"{message_id} is flagged, and its vendor could tell"
        if status not in ENDS | {"held", "queued", "unknown"}:
            yield f"{message_id} is left {status}"
    for attempt in history.attempts.values():
        if attempt["state"] == "sending":
            yield f"attempt {attempt['number']} at {attempt['message_id']} was never ended"


def _reported(history: History) -> Iterator[str]:
    """A report that a hub acknowledged moves its message, or waits for it."""
    waiting = {row["provider_id"] for row in history.world.disk.rows("SELECT * FROM early_reports")}
    for message_id, texts in history.texts.items():
        row = history.sent.get(message_id)
        for text in texts:
            heard = any(
                history.world.told.get(f"{text.provider_id}-{status}")
                for status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED)
            )
            if row is None or row["external_id"] != text.provider_id:
                continue
            if heard and row["status"] == "sent" and text.provider_id not in waiting:
                yield f"{message_id} is sent, and a hub has heard what became of it"


def _refused_it(history: History, message_id: str) -> bool:
    """Tell whether a message failed because its vendor said so."""
    texts = history.texts.get(message_id, ())
    return any(DeliveryStatus.FAILED in text.said for text in texts)


def _should_be_found(history: History, row: Any, hindered: set[str]) -> bool:
    """Tell whether what became of a message can be found out without a person."""
    match row["connection"]:
        case Flavour.KEY if history.world.plan.line is not VOICE:
            return not hindered & {row["to_address"], row["agent_id"]} and not _late(history, row)
        case Flavour.LOOKUP if history.world.plan.line is not VOICE:
            pair = (row["from_address"], row["to_address"])
            rivals = [
                m for m in history.sent.values() if (m["from_address"], m["to_address"]) == pair
            ]
            return len(rivals) == 1
    return False


def _late(history: History, row: Any) -> bool:
    return _time(row["deadline_at"]) < history.world.over_at


def _calls(history: History) -> Iterator[str]:
    """Of a message that is over the call is over, and no call is placed that no message is of."""
    for row in history.world.disk.rows("SELECT * FROM calls"):
        message = history.sent.get(row["message_id"])
        if message is None:
            yield f"the call {row['id']} is of no message"
        elif message["status"] in ("delivered", "failed") and row["status"] in UNDER_WAY:
            yield f"the call {row['id']} is {row['status']}, its message {message['status']}"


def _paid_once(history: History) -> Iterator[str]:
    """Each text that was spoken is paid for once, and no message twice."""
    rows = history.world.disk.rows("SELECT * FROM usage_logs WHERE action_type != 'message'")
    for message_id, times in Counter(row["message_id"] for row in rows).items():
        if message_id is not None and times > 1:
            yield f"{message_id} was paid for {times} times"
    if len(rows) > len(history.world.studio.spoken):
        yield f"{len(history.world.studio.spoken)} texts were spoken, and {len(rows)} paid for"


def _jobs(history: History) -> Iterator[str]:
    for row in history.world.disk.rows("SELECT * FROM engine_jobs"):
        if row["executor"] is not None:
            yield f"the job {row['kind']} of {row['subject_id']} belongs to {row['executor']}"
        if _time(row["due_at"]) < history.world.over_at - timedelta(seconds=5):
            standing = history.messages.get(row["subject_id"], {"status": "no message"})["status"]
            yield f"the job {row['kind']} of {row['subject_id']}, which is {standing}, is overdue"


def _heard_once(history: History) -> Iterator[str]:
    """What a vendor told counts once, and what was acknowledged is stored, with an end."""
    events = history.world.disk.rows("SELECT * FROM inbound_events")
    stored = Counter(row["external_id"] for row in events)
    for event, acknowledged in history.world.told.items():
        if acknowledged and not stored[event]:
            yield f"{event} was acknowledged and is lost"
        if not acknowledged:
            yield f"{event} was never acknowledged"
    waiting = {row["id"] for row in history.world.disk.rows("SELECT id FROM early_reports")}
    for row in events:
        ended = row["state"] in ("handled", "ignored")
        # Of a call whose number nobody learnt, a report that names no attempt is of no message yet.
        unnamed = history.world.plan.line is VOICE and row["state"] == "waiting"
        if not ended and not unnamed and (row["state"], row["id"] in waiting) != ("waiting", True):
            yield f"{row['external_id']} ended {row['state']}: {row['reason']}"
    received = Counter(
        row["external_id"] for row in history.messages.values() if row["direction"] == "inbound"
    )
    for event in history.world.texts:
        if received[event] != 1:
            yield f"the text {event} was received {received[event]} times"
    for event, times in stored.items():
        if times > 1:
            yield f"{event} was stored {times} times"


def _patient(history: History) -> Iterator[str]:
    """A vendor that wishes for time gets it, unless the message may go over another one too."""
    plan = history.world.plan
    if history.world.jumped_s or (plan.line.kind != SMS.kind and len(plan.slot) > 1):
        return
    for vendor in history.world.vendors.values():
        waits: dict[str, float] = {}
        for request in vendor.requests:
            attempt = history.attempts.get(request.attempt_id)
            if attempt is None or (
                plan.line.kind == SMS.kind
                and history.sent[attempt["message_id"]]["agent_id"] == "any"
            ):
                continue
            message_id = attempt["message_id"]
            early_s = waits.get(message_id, 0.0) - request.at_s
            if early_s > 0.001:
                yield f"{message_id} was sent again {early_s:.1f} s before the vendor wished"
            heard = attempt["state"] == "failed"  # else the hub died before it had stored the wish
            if heard and request.wish_s is not None and request.answered_s is not None:
                waits[message_id] = request.answered_s + honoured_s(request.wish_s)


def _messages_of(order: Order) -> set[str]:
    return {message_id for _, message_id in order.answers if message_id is not None}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
