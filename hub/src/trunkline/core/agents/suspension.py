"""The kill switch: an agent that is suspended does nothing more until it is resumed."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from trunkline.core.agents import repository
from trunkline.core.agents.models import AgentStatus
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.repository import JobKind
from trunkline.core.problems import Forbidden
from trunkline.sdk import Tx

SUSPENDED: Final = "This agent is suspended. An operator must resume it first."


def suspend_in(tx: Tx, workspace_id: str, agent_id: str, reason: str, now: datetime) -> bool:
    """
    Stop an agent from acting, inside the caller's transaction; False if it is stopped already.

    `reason` is for its operator. What it has queued is held once the transaction has committed, and
    whatever is about to be sent is looked at again before its provider is asked.
    """
    if not repository.set_suspension(tx, workspace_id, agent_id, reason, now):
        return False
    _see_to_queue(tx, workspace_id, agent_id, now)
    return True


def resume_in(tx: Tx, workspace_id: str, agent_id: str, now: datetime) -> bool:
    """Let a suspended agent act again, and what is held for it go; False if it may act already."""
    if not repository.set_suspension(tx, workspace_id, agent_id, None, now):
        return False
    _see_to_queue(tx, workspace_id, agent_id, now)
    return True


def check_active(tx: Tx, workspace_id: str, agent_id: str) -> None:
    """Raise Forbidden if an agent may not act."""
    agent = repository.find_agent(tx, workspace_id, agent_id)
    if agent is None or agent.status is not AgentStatus.ACTIVE:
        raise Forbidden(SUSPENDED)


def _see_to_queue(tx: Tx, workspace_id: str, agent_id: str, now: datetime) -> None:
    # An agent has one such job, so its id may be made of the agent's: nobody need hand in ids.
    row_id = f"row_{sha256(f'suspension {workspace_id} {agent_id}'.encode()).hexdigest()[:32]}"
    jobs.enqueue(tx, row_id, workspace_id, JobKind.SUSPENSION, agent_id, now, now)
