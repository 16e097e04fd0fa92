"""Prometheus reads the promised names and labels, of one hub at a time."""

import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from trunkline.metrics import CONTENT_TYPE, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if "_bucket" not in sample.name
    }


def test_every_figure_has_the_promised_name_and_labels() -> None:
    metrics = Metrics()
    metrics.action(agent="ann", channel="sms", action_type="send", duration_s=0.25)
    metrics.action(agent="ann", channel="sms", action_type="send", duration_s=0.5)
    metrics.cost(agent="ann", channel="sms", cost_micros=7_900)
    metrics.cost(agent="ann", channel="sms", cost_micros=100)
    metrics.webhook(agent="ann", provider="demo", status=204)
    metrics.pool(used=2, total=5)
    metrics.security_event("bad_signature")

    assert samples(metrics) == {
        ("comms_actions_total", "action_type=send", "agent=ann", "channel=sms"): 2,
        ("comms_action_cost_total", "agent=ann", "channel=sms"): 0.008,
        ("comms_action_duration_seconds_count", "action_type=send"): 2,
        ("comms_action_duration_seconds_sum", "action_type=send"): 0.75,
        ("comms_webhook_requests_total", "agent=ann", "provider=demo", "status=204"): 1,
        ("comms_agent_pool_used",): 2,
        ("comms_agent_pool_total",): 5,
        ("comms_security_events_total", "type=bad_signature"): 1,
    }


def test_two_hubs_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.security_event("bad_signature")

    assert b'type="bad_signature"' in one.render()
    assert b"bad_signature" not in other.render()


def test_the_slowest_provider_still_falls_into_a_bucket() -> None:
    metrics = Metrics()
    metrics.action(agent="ann", channel="sms", action_type="send", duration_s=29)

    text = metrics.render().decode()
    assert 'le="10.0"} 0.0' in text
    assert 'le="30.0"} 1.0' in text


def test_the_media_type_is_the_text_formats() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")


def test_whoever_does_not_count_does_not_import_prometheus() -> None:
    script = (
        "import sys, trunkline.sdk, trunkline.settings, trunkline.logs; "
        "print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert done.stdout == "False\n"
