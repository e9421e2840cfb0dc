"""What a lead does is in its score at once, by real processes: the web server tells, a worker scores."""

import time
from statistics import quantiles

import pytest

from leads.models import Lead, Standing
from tests.flow.world import drained, faults, reps

pytestmark = pytest.mark.slow
DEEDS = ["page_viewed", "pricing_viewed", "webinar_attended", "asset_downloaded", "email_clicked"]


def test_a_deed_is_in_the_score_in_no_time(stack, client, record_property):
    """The bound is that of a crowded machine; ``python -m bench run latency`` measures it."""
    reps(1)
    stack.start_worker()  # no beat: the sweeper helps nobody here
    client.captures("quiet", 10)
    client.accepted.clear()  # what follows is about scores, not about handoffs
    stack.wait_until(drained)
    people = [f"w{number}@warm.example" for number in range(10)]
    for number, email in enumerate(people):
        client.capture(f"warm-{number}", email=email, kind="form_submitted")
    stack.wait_until(drained)
    took = []
    for turn, email in enumerate(people * 2):
        lead = Lead.objects.get(email_key=email)
        before = Standing.objects.get(pk=lead.pk)
        deed = {"lead": lead.pk, "kind": DEEDS[turn // len(people) + 1]}
        began = time.monotonic()
        answer = client.session.post(f"{stack.url}/api/v1/activities/", json=deed, timeout=20)
        assert answer.status_code == 201, answer.text
        risen = Standing.objects.filter(pk=lead.pk, engagement__gt=before.engagement, scored_at__gt=before.scored_at)
        stack.wait_until(risen.exists, message=f"{deed} is in no score")
        took.append(time.monotonic() - began)
    cuts = quantiles(took, n=20)
    said = f"activity -> score: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, most {max(took):.2f} s ({len(took)})"
    record_property("measured", said)
    assert max(took) < 10
    stack.wait_until(drained)
    client.accepted.clear()
    assert faults(client) == []
