"""The demo: two agents and a handset on the simulated network, and how to reach them."""

import contextlib
import json
import os
import shlex
from collections.abc import Mapping
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

from pydantic import BaseModel, ValidationError

from trunkline.core.agents.tokens import Wish
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import NotFound, Problem
from trunkline.sdk import ENTRY_POINT_GROUP
from trunkline.settings import Settings

AGENTS: Final = {
    "ava": {
        "display_name": "Ava",
        "phone": "+12025550101",
        "email": "ava@agents.example",
        "whatsapp": "+12025550101",
    },
    "ben": {
        "display_name": "Ben",
        "phone": "+12025550102",
        "email": "ben@agents.example",
        "whatsapp": "+12025550102",
    },
}
"""What each agent of the demo is set to."""

EMAIL_DOMAIN: Final = "agents.example"
"""Where agents that are provisioned get their mail addresses."""
HANDSET: Final = "+12025550150"
MAILBOX: Final = "anna@people.example"
SLOTS: Final[Mapping[str, str]] = {"telephony": "demo", "email": "demo", "whatsapp": "demo"}
"""The settings by which the simulated network serves every channel that it has."""

_LOCAL: Final[Mapping[str, str]] = {
    "tts": "local-voice",
    "stt": "local-voice",
    "storage": "local-storage",
}
"""By kind the plugin that does it on this machine."""

_KEPT: Final = ("sms", "email", "whatsapp", "voice")
"""The channels whose messages are kept; of some the name is also that of an address."""
_KEEP_DAYS: Final = 30
_OPERATOR: Final = Principal(scope=Scope.LOCAL)


class DemoAgent(BaseModel):
    """One agent of the demo; the address of a channel that is not there is None."""

    agent_id: str
    token: str
    phone: str
    email: str | None = None
    whatsapp: str | None = None


class DemoHandset(BaseModel):
    """The person of the demo: where agents reach them on each channel."""

    phone: str
    email: str | None = None
    whatsapp: str | None = None


class DemoFacts(BaseModel):
    """What ``DIR/demo.json`` holds."""

    base_url: str
    mcp_url: str
    admin_token: str
    agents: list[DemoAgent]
    handset: DemoHandset


def kept_here(settings: Settings) -> Settings:
    """
    Return settings by which speech, recognition and storage stay on this machine too.

    Agents' mail addresses are at the network's own domain, unless another is set. What does it for
    real goes before its simulation, if it is installed; a slot that is set stays.
    """
    there = {each.name for each in entry_points(group=ENTRY_POINT_GROUP)}
    there -= {*settings.plugins.disabled}
    slots = {}
    for kind, plugin in _LOCAL.items():
        if not settings.slots.by_kind()[kind]:
            is_there = plugin in there and (kind != "stt" or _is_understood())
            slots[kind] = (plugin if is_there else "demo",)
    provisioning = settings.provisioning
    if provisioning.email_domain is None:
        provisioning = provisioning.model_copy(update={"email_domain": EMAIL_DOMAIN})
    return settings.model_copy(
        update={
            "slots": settings.slots.model_copy(update=slots),
            "provisioning": provisioning,
        }
    )


def _is_understood() -> bool:
    """Tell if the recogniser is there, and the one voice of this machine that it understands."""
    return find_spec("pocketsphinx") is not None and which("flite") is not None


async def prepare(hub: Hub, base_url: str, data_dir: Path) -> DemoFacts:
    """
    Make sure that the demo's agents are there, and write ``demo.json`` (mode 0600).

    Tokens of an earlier start stay valid; texts are kept, as a demo is there to be looked at.
    """
    path = data_dir / "demo.json"
    earlier = _read(path)
    facts = DemoFacts(
        base_url=base_url,
        mcp_url=f"{base_url}/mcp",
        admin_token=await _token(hub, None, earlier.admin_token if earlier else None),
        agents=[await _agent(hub, *each, earlier) for each in AGENTS.items()],
        handset=DemoHandset(phone=HANDSET, email=MAILBOX, whatsapp=HANDSET),
    )
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(facts.model_dump_json(indent=2))
    draft.replace(path)
    return facts


async def _agent(
    hub: Hub, agent_id: str, values: Mapping[str, str], earlier: DemoFacts | None
) -> DemoAgent:
    try:
        agent = await hub.agents.show(_OPERATOR, agent_id)
    except NotFound:
        agent = await hub.agents.create(_OPERATOR, agent_id, values)
    # An earlier start may have known fewer channels.
    new = {name: values[name] for name in _KEPT if name in values and not agent.address(name)}
    if new:
        agent = await hub.agents.change(_OPERATOR, agent_id, new)
    for channel in _KEPT:
        await hub.privacy.keep(_OPERATOR, agent_id, channel, _KEEP_DAYS)
    known = {each.agent_id: each.token for each in earlier.agents} if earlier else {}
    token = await _token(hub, agent_id, known.get(agent_id))
    return DemoAgent(
        agent_id=agent_id,
        token=token,
        phone=values["phone"],
        email=agent.address("email"),
        whatsapp=agent.address("whatsapp"),
    )


async def _token(hub: Hub, agent_id: str | None, known: str | None) -> str:
    """Return the known token if it still holds, else a new one."""
    with contextlib.suppress(Problem):
        if (await hub.tokens.authenticate(known)).agent_id == agent_id and known:
            return known
    return (await hub.tokens.issue(_OPERATOR, Wish(agent_id=agent_id))).token


def _read(path: Path) -> DemoFacts | None:
    try:
        return DemoFacts.model_validate_json(path.read_text())
    except (OSError, ValidationError):
        return None  # a first start, or a damaged file: it is written anew


def welcome(facts: DemoFacts, files: Mapping[str, Path]) -> str:
    """
    Return what the demo prints: where everything is, and three things to try.

    `files` are the options that the demo was started with and its commands need too.
    """
    options = "".join(
        f" {name} {shlex.quote(str(path.absolute()))}" for name, path in files.items()
    )
    first, second = facts.agents
    client = {
        "mcpServers": {
            "trunkline": {
                "type": "http",
                "url": facts.mcp_url,
                "headers": {"Authorization": f"Bearer {first.token}"},
            }
        }
    }
    send = json.dumps({"channel": "sms", "to": facts.handset.phone, "body": "Hello from Ava"})
    mail = json.dumps(
        {"channel": "email", "to": facts.handset.email, "subject": "Hello", "body": "From Ava"}
    )
    voice = json.dumps(
        {"deliveryChannel": "phone_call", "to": facts.handset.phone, "text": "Hello from Ava"}
    )
    call = f'curl -s -H "Authorization: Bearer {first.token}" -H "Content-Type: application/json"'
    return f"""\
Trunkline serves on {facts.base_url} with a simulated network: nothing leaves this machine.

  {first.agent_id}      {first.phone}   {first.email}   token {first.token}
  {second.agent_id}      {second.phone}   {second.email}   token {second.token}
  handset  {facts.handset.phone}   {facts.base_url}/demo/
  WhatsApp {facts.handset.whatsapp}   {facts.base_url}/demo/whatsapp
  mailbox  {facts.handset.email}   {facts.base_url}/demo/mailbox
  admin                                         token {facts.admin_token}

Connect an MCP client as {first.agent_id}:
{json.dumps(client, indent=2)}

Three things to try:
  1. Ava writes to the handset:
     {call} \\
       -d '{send}' {facts.base_url}/api/v1/tools/comms_send_message
  2. Answer on the handset: open {facts.base_url}/demo/
  3. Ava reads the answer:
     {call} \\
       -d '{{}}' {facts.base_url}/api/v1/tools/comms_get_messages
A mail goes the same way: {mail}
A voice message rings at the handset: open {facts.base_url}/demo/ first, and answer.
  {call} \\
    -d '{voice}' {facts.base_url}/api/v1/tools/comms_send_voice_message

Commands for this hub need DEMO_MODE=true{" and where it lies" if options else ""}:
DEMO_MODE=true trunkline agents list{options}
(in a checkout, python3 run.py for trunkline)
"""
