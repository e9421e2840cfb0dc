"""What the demo's reps found out, and what their managers agreed to do with leads that come back."""

from datetime import timedelta

from deals.models import Answer, Deal, Question
from deals.rules import REJECTED
from handoff.models import Opener, RejectReason
from insights.demo import words
from insights.demo.write import Writer

# reject reason: (days before it may pass again, tag, note asked for)
REASONS = {
    "timing": (60, "call again", False),
    "no_budget": (90, "next budget", False),
    "no_need": (None, "", True),
    "unreachable": (14, "", False),
}


def decisions_write(writer: Writer) -> None:
    """Answers on deals that are open, and the reasons' and openers' own words of this company."""
    for code, (days, tag, note) in REASONS.items():
        RejectReason.objects.filter(code=code).update(wait_days=days, tag=tag, note_required=note)
    heads = {"fact": "lead.persona", "op": "contains", "value": "Operations"}
    Opener.objects.get_or_create(name="Heads of operations", defaults={"text": words.OPENER, "condition": heads})
    questions = {one.field or one.text: one for one in Question.objects.all()}
    rows = Deal.objects.filter(closed_at=None, accepted_at__isnull=False, owner__isnull=False)
    answers = []
    for place, deal in enumerate(rows.exclude(lost_reason__code=REJECTED).order_by("pk")):
        at = (deal.accepted_at or deal.created_at) + timedelta(hours=3)
        told = {name: "" for name in ("budget", "authority", "need", "timeline") if getattr(deal, name)}
        if told and place % 2:
            told |= {text: said[place % len(said)] for text, said in words.DISCOVERED.items()}
        answers += [
            Answer(deal=deal, question=questions[name], text=text, by=deal.owner, at=min(at, writer.now))
            for name, text in told.items()
            if name in questions and deal.owner is not None
        ]
    Answer.objects.bulk_create(answers, batch_size=1000)
