"""The parts of a forward that need no hub: its signature, and how long it waits."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest

from trunkline.core.forwarding import posting
from trunkline.core.forwarding.signing import shown, signed

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def test_a_signature_is_that_of_the_standard() -> None:
    # An example of the reference implementations (standard-webhooks/standard-webhooks).
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(
        [secret],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )

    assert shown(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7),
        ("7.5", 7.5),
        ("Thu, 15 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 15 Jan 2026 14:00:30 +0200", 30),
        ("Thu, 15 Jan 2026 12:00:30 -0000", 30),
        ("Thu, 15 Jan 2026 11:59:30 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", posting.LONGEST_WAIT_S),
        ("99999999999", posting.LONGEST_WAIT_S),
        ("1e999", posting.LONGEST_WAIT_S),
        *((header, 0) for header in ("", "0", "-5", "nan", "-inf", "soon", "1 2", "Thu, 99 Jan")),
    ],
)
def test_a_wish_is_seconds_or_a_date_and_within_reason(header: str, wait_s: float) -> None:
    assert posting.wished_s(header, NOON) == wait_s
