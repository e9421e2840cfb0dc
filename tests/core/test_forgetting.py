"""What has had its time is removed, and nothing else."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from core.models import IdempotentRequest
from core.tasks import forget_drain


def test_old_answers_and_ended_sessions_go(people, django_assert_max_num_queries):
    rep, now = people("rep"), timezone.now()
    for key, age in (("old", 25), ("fresh", 23)):
        IdempotentRequest.objects.create(user=rep, key=key, fingerprint="x", created_at=now - timedelta(hours=age))
    for key, left in (("ended", -2), ("just", -0.5), ("open", 5)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=left))
    assert forget_drain() == 2
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["fresh"]
    assert set(Session.objects.values_list("session_key", flat=True)) == {"just", "open"}
    with django_assert_max_num_queries(3):  # the clock (PostgreSQL), one look at each
        assert forget_drain() == 0
