"""How what agents have, and what waits for them, is printed: a line each, and what is to do."""

from collections.abc import Mapping
from typing import Any, Final

import click

from trunkline.cli.operator import table

_ADDRESSES: Final = ("number", "address", "appSid")


def show_provisioned(result: Mapping[str, Any]) -> None:
    """Print what an agent has, the records that its domain lacks, and its token."""
    click.echo(f"agentId: {result['agentId']}")
    channels = {name: each for name, each in result["channels"].items() if each and name != "sms"}
    for name, each in channels.items():
        address = next((each[key] for key in _ADDRESSES if each.get(key)), "-")
        reason = f"  {each['reason']}" if each.get("reason") else ""
        click.echo(f"{name}: {address}  {each['status']}{reason}")
    records = (channels.get("email") or {}).get("records")
    if records:
        click.echo("\nThe owner of the domain has to add:")
        table(records, ["type", "name", "value", "priority", "found"])
        click.echo()
    if result["securityToken"]:
        click.echo(f"securityToken: {result['securityToken']}  (shown this once)")
    click.echo(f"poolSlotsRemaining: {result['poolSlotsRemaining']}")


def show_pools(result: Mapping[str, Any]) -> None:
    """Print how many agents there may be, and the WhatsApp senders that wait for them."""
    click.echo(f"size: {result['size']}\nused: {result['used']}")
    waiting = result.get("whatsapp")
    if waiting is None:
        return
    states = ", ".join(f"{count} {state}" for state, count in waiting["states"].items())
    prices = ", ".join(f"{price:.2f} {name}" for name, price in waiting["monthlyPrice"].items())
    click.echo(f"whatsapp: {states or 'none'} (size {waiting['size']})")
    if prices:
        click.echo(f"per month: {prices}")
    if waiting.get("reason"):
        click.echo(f"reason: {waiting['reason']}")
    click.echo()
    table(waiting["senders"], ["phoneNumber", "status", "agentId", "monthlyPrice", "reason"])
