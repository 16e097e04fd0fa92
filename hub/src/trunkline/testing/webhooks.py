"""What the webhook side of every telephony adapter must do, whoever wrote it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest
from pydantic import BaseModel

from trunkline.sdk import (
    BadSignature,
    Capability,
    InboundEvent,
    ProviderSpec,
    Received,
    Reported,
    TelephonyProvider,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline.testing.suite import BaseConformance

_WEBHOOKS: Final[Mapping[str, tuple[Capability, type[InboundEvent]]]] = {
    "sms_received": (Capability.SMS_RECEIVE, Received),
    "status_reported": (Capability.SMS_STATUS, Reported),
    "unknown_status": (Capability.SMS_STATUS, Reported),
}


class BaseWebhookConformance(BaseConformance):
    """
    The half of `BaseTelephonyConformance` that needs no wire.

    Attributes:
        spec: The spec that your plugin offers.
        config: Values for `spec.config`, with made-up credentials.
        webhooks: Authentic requests of the vendor, signed with `config`: ``sms_received``,
            ``status_reported``, and ``unknown_status``, which reports a status that is not in the
            vendor's documentation.
        known_gaps: As in `BaseConformance`.
    """

    spec: ClassVar[ProviderSpec[TelephonyProvider, Any]]
    config: ClassVar[Mapping[str, object]]
    webhooks: ClassVar[Mapping[str, WebhookRequest]] = {}

    def needs(self, capability: Capability) -> None:
        """Skip the test that calls this unless the spec declares `capability`."""
        if capability not in self.spec.capabilities:
            pytest.skip(f"{self.spec.name} does not declare {capability}")

    def valid_config(self) -> BaseModel:
        """Return `config` as the model that the spec names."""
        config: BaseModel = self.spec.config.model_validate(self.config)
        return config

    def _webhook(self, name: str) -> tuple[WebhookAdapter[Any], WebhookRequest]:
        self.needs(_WEBHOOKS[name][0])
        assert self.spec.webhook is not None, "it declares events but has no webhook adapter"
        return self.spec.webhook, self.webhooks[name]

    @pytest.mark.parametrize("name", _WEBHOOKS)
    def test_an_authentic_webhook_parses_to_the_same_events_every_time(self, name: str) -> None:
        adapter, request = self._webhook(name)
        adapter.verify(request, self.valid_config())

        first, second = adapter.parse(request), adapter.parse(request)

        assert [type(event) for event in first] == [_WEBHOOKS[name][1]]
        assert first[0].external_id
        assert list(first) == list(second)

    def test_different_happenings_have_different_ids(self) -> None:
        self.needs(Capability.SMS_RECEIVE)
        self.needs(Capability.SMS_STATUS)
        adapter, _ = self._webhook("sms_received")

        events = [event for name in _WEBHOOKS for event in adapter.parse(self.webhooks[name])]

        assert len({event.external_id for event in events}) == len(events)

    @pytest.mark.parametrize("name", _WEBHOOKS)
    @pytest.mark.parametrize("forgery", ["other_body", "unsigned", "garbled", "not_ascii"])
    def test_a_forged_webhook_is_refused(self, name: str, forgery: str) -> None:
        adapter, request = self._webhook(name)
        forged = {
            "other_body": replace(request, body=request.body + b"&forged=1"),
            "unsigned": replace(request, headers={}),
            "garbled": replace(request, headers=dict.fromkeys(request.headers, "x")),
            "not_ascii": replace(request, headers=dict.fromkeys(request.headers, "é=é,t=1")),
        }[forgery]

        with pytest.raises(BadSignature):
            adapter.verify(forged, self.valid_config())

    @pytest.mark.parametrize("name", _WEBHOOKS)
    def test_a_webhook_is_claimed_by_its_headers(self, name: str) -> None:
        adapter, request = self._webhook(name)

        assert adapter.claims(replace(request, body=b""))
        assert not adapter.claims(replace(request, headers={}))

    def test_a_status_that_the_adapter_does_not_know_moves_nothing(self) -> None:
        adapter, request = self._webhook("unknown_status")

        (event,) = adapter.parse(request)

        assert isinstance(event, Reported)
        assert event.status is None
        assert event.vendor_status
