"""Settings of how agents get their channels, and of what is ready before they ask."""

from typing import Literal

from pydantic import Field, model_validator

from trunkline.settings.section import Section

Isolated = Literal["single_account", "subaccount_per_agent", "subaccount_per_workspace"]


class PoolSettings(Section):
    """How many agents the hub admits, and how many WhatsApp senders wait for them."""

    size: int = Field(
        default=5,
        ge=1,
        description="Agents admitted at the first start; `trunkline pool grow` adds more.",
    )
    whatsapp_size: int = Field(
        default=0,
        ge=0,
        le=50,
        description="How many WhatsApp senders wait for agents, registered ahead because reviews "
        "take days; each has a number, which is bought. 0: none.",
    )
    whatsapp_country: str = Field(
        default="US",
        pattern="^[A-Z]{2}$",
        description="The country of their numbers; agents of that country get them.",
    )
    whatsapp_display_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="What they are called until they are an agent's: a name of your business, as "
        "WhatsApp reviews it.",
    )

    @model_validator(mode="after")
    def _check_name(self) -> "PoolSettings":
        if self.whatsapp_size and self.whatsapp_display_name is None:
            raise ValueError(
                "whatsapp_size needs whatsapp_display_name: WhatsApp reviews what senders are "
                "called, so set it to a name of your business"
            )
        return self


class ProvisioningSettings(Section):
    """How agents get their channels."""

    max_number_price_per_month: float = Field(
        default=5.0,
        ge=0,
        le=10_000,
        allow_inf_nan=False,
        description="The most that a number may cost per month, in the currency of its provider; a "
        "dearer one is not bought.",
    )
    isolation: Isolated = Field(
        default="single_account",
        description="Whether agents' numbers and WhatsApp senders are in accounts of their own "
        "below the provider's, where it has such (Twilio).",
    )
    email_domain: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
        description="The domain of the mail addresses that agents are given: AGENT@DOMAIN.",
    )
