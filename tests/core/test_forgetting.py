"""What has had its time is removed, and nothing else."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from core.models import IdempotentRequest, OutboxMessage
from core.tasks import forget_drain


def test_old_answers_ended_sessions_and_sent_letters_go(people, django_assert_max_num_queries):
    rep, now = people("rep"), timezone.now()
    for key, age in (("old", 25), ("fresh", 23)):
        IdempotentRequest.objects.create(user=rep, key=key, fingerprint="x", created_at=now - timedelta(hours=age))
    for key, left in (("ended", -2), ("just", -0.5), ("open", 5)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=left))
    for key, topic, age in (("a", "mail.send", 31), ("b", "mail.send", 29), ("c", "handoff.mail", 89)):
        done = now - timedelta(days=age)
        OutboxMessage.objects.create(
            topic=topic, key=key, handler="core.mail.deliver", state="done", done_at=done, created_at=done
        )
    OutboxMessage.objects.create(
        topic="mail.send", key="d", handler="core.mail.deliver", due_at=now - timedelta(days=99)
    )
    assert forget_drain() == 3
    assert set(OutboxMessage.objects.values_list("key", flat=True)) == {"b", "c", "d"}
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["fresh"]
    assert set(Session.objects.values_list("session_key", flat=True)) == {"just", "open"}
    with django_assert_max_num_queries(6):  # the clock (PostgreSQL), one look at each
        assert forget_drain() == 0


def test_what_was_done_long_ago_and_letters_given_up_go_and_what_is_still_to_do_stays(db):
    old = {"handler": "core.mail.deliver", "created_at": timezone.now() - timedelta(days=91)}
    for key, topic, state in [
        *(("gone", "handoff.mail", "done"), ("letter", "mail.send", "dead")),
        *(("left", "user.deactivated", "dead"), ("waits", "notice.send", "pending"), ("first", "setup", "done")),
    ]:
        OutboxMessage.objects.create(topic=topic, key=key, state=state, done_at=old["created_at"], **old)
    forget_drain()
    assert set(OutboxMessage.objects.values_list("key", flat=True)) == {"left", "waits", "first"}
