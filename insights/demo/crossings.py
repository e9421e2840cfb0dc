"""Writing the handoffs of the demo's past: who had them, what they were told, what they decided."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.models import Leased, OutboxMessage
from handoff.models import Assignment, Handoff, RejectReason, SlaPolicy
from handoff.rules import AROUND_THE_CLOCK, Calendar
from insights.demo.plan import Pass, Person
from insights.demo.policies import policies_set
from insights.demo.write import BATCH, Writer
from leads.models import Lead
from team.models import Notice, User
from team.rules import ClosedDays


def handoffs_write(writer: Writer, people: Sequence[Person], leads: dict[int, Lead]) -> list[Handoff]:
    """Handoffs, their assignments, and the notice and e-mail that each rep got."""
    planned = [(one, handed) for one in people for handed in one.passes]
    reasons = _reasons()
    policies = list(SlaPolicy.objects.filter(is_active=True))
    rows = [_handoff(writer, one, handed, leads, reasons, policies) for one, handed in planned]
    policies_set(rows, writer.now)
    Handoff.objects.bulk_create(rows, batch_size=BATCH)
    Assignment.objects.bulk_create(
        [
            Assignment(
                handoff=row,
                rep=row.rep,
                at=row.assigned_at,  # type: ignore[misc]  # the demo's handoffs are all assigned
                ended_at=row.decided_at if row.state == Handoff.State.REJECTED else None,
                ended_why="Rejected" if row.state == Handoff.State.REJECTED else "",
                mailed=True,
                due_at=row.due_at,
                responded_at=row.responded_at,
                explanation={"pool": one.firm.team},
            )
            for (one, _), row in zip(planned, rows, strict=True)
        ],
        batch_size=BATCH,
    )
    _tell(rows)
    return rows


def _reasons() -> dict[str, list[RejectReason]]:
    found: dict[str, list[RejectReason]] = {}
    for row in RejectReason.objects.filter(is_active=True):
        found.setdefault(row.then, []).append(row)
    return found


def _handoff(
    writer: Writer, one: Person, handed: Pass, leads: dict[int, Lead], reasons: Any, policies: list[SlaPolicy]
) -> Handoff:
    pool = reasons.get(handed.reason) or []
    policy = next((row for row in policies if row.instant_only == handed.instant), None)
    rep = writer.users[handed.rep]
    due = handed.due_at
    if policy and handed.decided_at:  # the past ran on the policy's clock; what is live now has a deadline ahead
        calendar = _calendar(rep) if policy.working_time else AROUND_THE_CLOCK
        due = calendar.due_at(handed.assigned_at, policy.minutes)
    return Handoff(
        lead=leads[one.number],
        cycle=handed.cycle,
        turn=1,
        state=handed.state,
        why=handed.why,
        instant=handed.instant,
        score=handed.score,
        grade="A1" if handed.score > 75 else "B1",
        opened_at=handed.opened_at,
        next_try_at=handed.opened_at,
        rep=rep,
        sla=policy,
        sla_revision=policy.revision if policy else None,
        assigned_at=handed.assigned_at,
        warn_at=handed.assigned_at + (due - handed.assigned_at) * 3 / 4,
        due_at=due,
        responded_at=handed.responded_at,
        decided_at=handed.decided_at,
        decided_by=rep if handed.decided_at else None,
        reject_reason=pool[one.number % len(pool)] if pool else None,
    )


def _calendar(rep: User) -> Calendar:
    """The working calendar of the past: of time off that is over nothing is told."""
    return Calendar(rep.working_hours, rep.time_zone, ClosedDays(rep.country, rep.region))


def _tell(rows: Sequence[Handoff]) -> None:
    """What the assignment told the rep: one notice in the bell (read, when it is old) and one e-mail (sent)."""
    notices, mails = [], []
    for row in rows:
        assert row.rep and row.assigned_at
        title = f"New lead: {row.lead.name}"
        read = row.decided_at
        key = f"handoff:{row.pk}:1"
        notices.append(
            Notice(
                user=row.rep, key=key, kind="handoff", title=title, body=row.why, url=f"/leads/{row.lead_id}/",
                created_at=row.assigned_at, read_at=read,
            )
        )  # fmt: skip
        mails.append(
            OutboxMessage(
                topic="mail.send",
                key=key,
                handler="core.mail.deliver",
                payload={"to": row.rep.email, "subject": title, "text": row.why},
                state=Leased.State.DONE,
                due_at=row.assigned_at,
                created_at=row.assigned_at,
                attempts=1,
                done_at=row.assigned_at + timedelta(seconds=1),
            )
        )
    Notice.objects.bulk_create(notices, batch_size=BATCH)
    OutboxMessage.objects.bulk_create(mails, batch_size=BATCH)
