"""Two checks that every request or callback must pass: a token, a signature."""

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from timeit import timeit
from typing import Final
from urllib.parse import urlencode

import uvloop

from bench.databases import opened
from bench.figures import Figure, value
from bench.gates import SIGNATURE, TOKEN
from bench.run import Run
from bench.traffic import ACCOUNT, AUTH_TOKEN
from trunkline.core.agents.tokens import Tokens, Wish
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.service import Audit
from trunkline.core.principal import Principal, Scope
from trunkline.core.privacy.keys import Keys
from trunkline.logs import get_log
from trunkline.sdk import IdSource, SystemClock, WebhookRequest
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.webhooks import TwilioWebhooks

PARAMETERS: Final = 20
_TIMES: Final = 5000
_URL: Final = "https://hub.example/webhooks/bench/sms"
_KEY: Final = AUTH_TOKEN.encode()
_FIELDS: Final = [(f"Parameter{number:02d}", f"value {number}") for number in range(PARAMETERS)]
_SIGNED: Final = (_URL + "".join(name + given for name, given in _FIELDS)).encode()


def measure(run: Run) -> Iterator[Figure]:
    """Time each in a loop, in turn with the hash that it cannot do without."""
    token, hmac_us, check, verify = bytes(80), [], [], []
    sha256_us = []
    for _ in run.each_round():
        sha256_us.append(_us(lambda: hashlib.sha256(token)))
        check.append(uvloop.run(_authenticate_us(run)))
        hmac_us.append(_us(lambda: hmac.digest(_KEY, _SIGNED, "sha1")))
        verify.append(_verify_us())
    yield value("SHA-256 of as many bytes as a token has", sha256_us, "µs")
    yield value(TOKEN, check, "µs", floors=sha256_us)
    yield value("HMAC-SHA1 over those parameters", hmac_us, "µs")
    yield value(SIGNATURE, verify, "µs", floors=hmac_us)


async def _authenticate_us(run: Run) -> float:
    """Return what it takes to tell whom a token stands for."""
    clock = SystemClock()
    async with opened("sqlite:///trunkline.db", run.directory("tokens")) as db:
        keys, log = Keys(os.urandom(32)), get_log("trunkline")
        ids = IdSource(clock)
        audit = Audit(Chain(keys), clock, ids)
        tokens = Tokens(db, keys, clock, ids, log, audit, lambda *_: None, alone=True)
        wish = Wish(agent_id=None)
        bearer = (await tokens.issue(Principal(scope=Scope.LOCAL), wish)).token
        started = time.perf_counter()
        for _ in range(_TIMES):
            principal = await tokens.authenticate(bearer)
        took_s = time.perf_counter() - started
    assert principal.scope is Scope.ADMIN
    return took_s / _TIMES * 1e6


def _verify_us() -> float:
    """Return what it takes to check one callback, each a request that was not seen before."""
    digest = hmac.digest(_KEY, _SIGNED, hashlib.sha1)
    headers = {
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }
    now, body = datetime.now(UTC), urlencode(_FIELDS).encode()
    requests = [
        WebhookRequest(method="POST", url=_URL, headers=headers, body=body, received_at=now)
        for _ in range(_TIMES)
    ]
    config = TwilioConfig.model_validate({"account_sid": ACCOUNT, "auth_token": AUTH_TOKEN})
    webhooks, left = TwilioWebhooks(), iter(requests)
    return _us(lambda: webhooks.verify(next(left), config))


def _us(call: Callable[[], object]) -> float:
    """Return how long a call takes; no garbage is collected meanwhile, as a hub seldom does."""
    return timeit(call, number=_TIMES) / _TIMES * 1e6
