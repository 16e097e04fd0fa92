"""What every adapter of messages must refuse: forged, changed and old webhooks."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, Final

import pytest
from pydantic import BaseModel, SecretStr

from trunkline.sdk import BadSignature, WebhookReply, WebhookRequest
from trunkline.testing.contents import queries_changed
from trunkline.testing.webhooks import BaseWebhookConformance

_NO_PROOF: Final = frozenset({"content-type", "content-length", "host"})
_YEARS: Final = timedelta(days=3650)


class BaseSignatureConformance(BaseWebhookConformance):
    """
    The part of `BaseMessageConformance` that is about who a webhook is from.

    Attributes:
        signs_body: False where a secret that comes along is all the proof there is: then nothing
            shows whether a body was changed on its way.
        signs_url: True if the vendor's signature covers the URL that it calls.
        signature_tolerance_s: For how many seconds a signature holds, if the vendor signs the time;
            None if it signs none.
    """

    signs_body: ClassVar[bool] = True
    signs_url: ClassVar[bool]
    signature_tolerance_s: ClassVar[float | None]

    @pytest.mark.parametrize("forgery", ["other_body", "unsigned", "garbled", "not_ascii"])
    def test_a_forged_webhook_is_refused(self, name: str, forgery: str) -> None:
        adapter, request = self.webhook(name)
        if self._is_challenge(name):
            pytest.skip("it is proved by its query")
        if forgery == "other_body":
            self._needs_signed_bodies()
        forged = {
            "other_body": replace(request, body=request.body + b"&forged=1"),
            "unsigned": replace(request, headers={}),
            "garbled": replace(request, headers=dict.fromkeys(request.headers, "x")),
            "not_ascii": replace(request, headers=dict.fromkeys(request.headers, "é=é,t=1")),
        }[forgery]

        with pytest.raises(BadSignature):
            adapter.verify(forged, self.valid_config())

    def test_a_challenge_is_answered_to_none_but_the_vendor(self, name: str) -> None:
        _, request = self.webhook(name)
        if not self._is_challenge(name):
            pytest.skip("it is not proved by its query")
        forged = [replace(request, url=url) for url in queries_changed(request.url)]
        forged.append(replace(request, url=request.url.partition("?")[0], body=b"", headers={}))

        assert any(self.is_refused(each) for each in forged)
        assert self.is_refused(forged[-1])

    def test_a_body_changed_anywhere_is_refused(self, name: str) -> None:
        _, request = self.webhook(name)
        self._needs_signed_bodies()
        body = request.body
        if not body:
            pytest.skip("it has none")
        changed = [b"", body[:-1], body[1:], body[: len(body) // 2]]
        for at in {0, len(body) // 3, len(body) // 2, 2 * len(body) // 3, len(body) - 1}:
            other = b"1" if body[at : at + 1] != b"1" else b"2"
            changed.append(body[:at] + other + body[at + 1 :])

        for each in changed:
            assert self.is_refused(replace(request, body=each)), f"{len(each)} bytes are taken"

    def test_a_body_under_the_headers_of_another_webhook_is_refused(self, name: str) -> None:
        _, request = self.webhook(name)
        self._needs_signed_bodies()
        for other in self.webhooks.values():
            if other.body != request.body and other.body and request.body:
                assert self.is_refused(replace(request, headers=other.headers, url=other.url))

    def test_a_signature_holds_letter_by_letter(self, name: str) -> None:
        _, request = self.webhook(name)
        for header in self._proofs(request):
            value = request.headers[header]
            for changed in _changed(value):
                forged = replace(request, headers={**request.headers, header: changed})
                assert self.is_refused(forged), f"a changed {header} is taken"

    def test_a_signature_is_of_the_url_that_was_called(self, name: str) -> None:
        _, request = self.webhook(name)
        assert hasattr(self, "signs_url"), "say whether the vendor signs the URL"
        if not self.signs_url or self._is_challenge(name):
            pytest.skip("its URL is not signed")
        url, mark, query = request.url.partition("?")
        for other in (f"{url}x{mark}{query}", f"{request.url}{'&' if mark else '?'}x=1"):
            assert self.is_refused(replace(request, url=other))

    def test_a_signature_by_other_keys_is_refused(self, name: str) -> None:
        _, request = self.webhook(name)
        config = self.valid_config()
        keys = {
            field: type(value)(_other(value.get_secret_value()))
            for field, value in dict(config).items()
            if isinstance(value, SecretStr)
        }
        assert keys, "declare credentials as SecretStr"

        assert self.is_refused(request, config.model_copy(update=keys))

    def test_a_signature_holds_for_as_long_as_the_vendor_says(self, name: str) -> None:
        _, request = self.webhook(name)
        assert hasattr(self, "signature_tolerance_s"), "say for how long a signature holds, or None"
        if self.signature_tolerance_s is None or self._is_challenge(name):
            for off in (-_YEARS, _YEARS):
                late = replace(request, received_at=request.received_at + off)
                assert not self.is_refused(late), "say for how long a signature holds"
            return
        for off_s, is_refused in (
            (self.signature_tolerance_s * 0.9, False),
            (self.signature_tolerance_s * -0.9, False),
            (self.signature_tolerance_s + 5, True),
            (-self.signature_tolerance_s - 5, True),
            (_YEARS.total_seconds(), True),
        ):
            received_at = request.received_at + timedelta(seconds=off_s)
            assert self.is_refused(replace(request, received_at=received_at)) == is_refused, (
                f"signed {off_s:.0f} seconds before it came"
            )

    def _needs_signed_bodies(self) -> None:
        if not self.signs_body:
            pytest.skip(f"{self.spec.name} signs no bodies")

    def _is_challenge(self, name: str) -> bool:
        """Tell whether a webhook is a challenge that its query proves."""
        is_get = self.webhooks[name].method == "GET"
        return is_get and isinstance(self.meaning(name), WebhookReply)

    def is_refused(self, request: WebhookRequest, config: BaseModel | None = None) -> bool:
        """Tell whether a request is refused; any other error than `BadSignature` is a mistake."""
        assert self.spec.webhook is not None
        try:
            self.spec.webhook.verify(request, config or self.valid_config())
        except BadSignature:
            return True
        return False

    def _proofs(self, request: WebhookRequest) -> list[str]:
        """Return the headers without which the request is refused."""
        without = {
            name: replace(
                request, headers={n: value for n, value in request.headers.items() if n != name}
            )
            for name in request.headers.keys() - _NO_PROOF
        }
        return [name for name, each in without.items() if self.is_refused(each)]


def _other(key: str) -> str:
    """Return another key of the same length and kind of letters."""
    return "".join(chr(ord(letter) ^ 1) if letter.isalnum() else letter for letter in key)


def _changed(value: str) -> Iterator[str]:
    """Return a signature's header with each of its long words changed or cut."""
    for word in re.finditer(r"[0-9A-Za-z]{8,}", value):
        start, end = word.span()
        places = [start, start + (end - start) // 2, *range(start + 8, end - 1, 7), end - 2]
        if word[0].isdecimal():  # a time: each second counts
            places.append(end - 1)
        for at in places:
            yield f"{value[:at]}{'1' if value[at] != '1' else '2'}{value[at + 1 :]}"
        yield value[: start + 4] + value[end:]
        yield value[: end - 2] + value[end:]
