"""One object of each kind that an address can name; what has an owner belongs to the rep of team North."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from core.models import Leased
from deals.models import Deal, Product, Question, Task
from desk.models import Relief
from funnels.models import Funnel
from funnels.selectors import stage_get
from handoff.models import MqlPolicy, Opener, RejectReason, RoutingReplay, RoutingRule, SlaPolicy
from handoff.selectors.tokens import accept_url
from insights.models import Decision, Promise
from intake.models import ImportRun
from leads.models import BulkJob, CaptureForm, Company, CustomField, InboxItem, Segment, Standing
from leads.services.public import link_tracked
from scoring.models import ScoringModel, ScoringRule, Study
from scoring.services import backtest_start, model_draft
from team.models import ApiToken, Channel, CompanyDay, Team, TimeOff
from team.services import token_create
from tests.access.routes import PEOPLE
from tests.handoff.world import ALWAYS, assigned
from tests.leads.make import make_lead
from tests.personas import persona

Kwargs = dict[str, Any]


def world_make() -> dict[str, Kwargs]:
    """Makes the people and the objects; route name -> the arguments of its address."""
    for role in PEOPLE:
        persona(role)
    rep, marketer = persona("rep"), persona("marketer")
    rep.working_hours = ALWAYS
    rep.save()
    handoff = assigned(rep)
    Standing.objects.filter(pk=handoff.lead_id).update(owner=rep)
    lead = make_lead("Ann Lee", owner=rep, company="Leeworks", score=20, stage="interest")
    deal = Deal.objects.get(lead=handoff.lead_id)
    now = timezone.now()
    task = Task.objects.create(owner=rep, deal=deal, title="Call", due_at=now)
    off = TimeOff.objects.create(user=rep, starts_at=now, ends_at=now + timedelta(days=1))
    token_create(user=rep, name="mine", scopes=["leads:read"])
    address = "ntfys://nowhere.invalid/topic"
    chat = Channel.objects.create(user=rep, name="Mine", address=address, service="ntfy", masked=address)
    job = BulkJob.objects.create(
        by=rep, action=BulkJob.Action.TAG_ADD, said="Add tag", params={}, lead_ids=[lead.pk], state=Leased.State.DONE
    )
    relief = Relief.objects.create(by=persona("manager"), rep=rep, kinds=[], state=Leased.State.DEAD)
    segment = Segment.objects.create(name="Mine", owner=rep)
    field = CustomField.objects.create(key="size", label="Size", type=CustomField.Type.TEXT)
    form = CaptureForm.objects.create(name="Demo", slug="demo", fields=["first_name"], created_by=marketer)
    item = InboxItem.objects.create(source="api", key="stuck", body={}, state=Leased.State.QUARANTINED)
    run = ImportRun.objects.create(kind="leads", file_name="leads.csv", header=["email"], by=marketer)
    model = model_draft(source=ScoringModel.objects.get(state=ScoringModel.State.ACTIVE), by=marketer)
    tried = backtest_start(model=model, bar=60, by=marketer)
    study = Study.objects.create(kind=Study.Kind.LEARN, model=model, by=marketer, state=Leased.State.DEAD)
    rule = ScoringRule.objects.filter(model=model).order_by("pk")[0]
    routing = RoutingRule.objects.order_by("pk")[0]
    policy = MqlPolicy.objects.create(
        name="Kenya", condition={"fact": "lead.country", "op": "is", "value": "Kenya"}, position=1
    )
    replay = RoutingReplay.objects.create(by=persona("manager"), state=Leased.State.DONE)
    sla = SlaPolicy.objects.order_by("pk")[0]
    reason = RejectReason.objects.order_by("pk")[0]
    agreed = Decision.objects.create(monday=date(2026, 1, 5), text="Call twice", by=marketer)
    promised = Promise.objects.create(since=(now + timedelta(days=21)).date(), mqls=5)
    opener = Opener.objects.order_by("pk")[0]
    question = Question.objects.filter(field="").order_by("pk")[0]
    product = Product.objects.create(sku="P1", name="Plan")
    stage, pipeline = stage_get("sales", "demo"), Funnel.objects.get(key="sales")
    company = Company.objects.get(name="Leeworks")

    def of(*names: str, **kwargs: Any) -> dict[str, Kwargs]:
        return dict.fromkeys(names, kwargs)

    return {
        **of("team:person", "team:invite", "team:person_off", "team:person_hours", pk=rep.pk),
        **of("team:day_remove", pk=CompanyDay.objects.create(day=now.date(), name="Outing").pk),
        **of("team:team", pk=Team.objects.get(name="North").pk),
        **of("team:time_off_remove", pk=off.pk),
        **of("team:person_off_remove", pk=rep.pk, off=off.pk),
        **of("team:team_channel_new", pk=Team.objects.get(name="North").pk),
        **of("team:channel", "team:channel_test", "team:channel_switch", "team:channel_remove", pk=chat.pk),
        **of("team:token_revoke", pk=ApiToken.objects.get(user=rep).pk),
        **of(
            "team:password_reset_confirm",
            uidb64=urlsafe_base64_encode(force_bytes(rep.pk)),
            token=default_token_generator.make_token(rep),
        ),
        **of("funnels:stage_edit", "funnels:stage_shift", "funnels:stage_remove", pk=stage.pk),
        **of("funnels:stage_restore", pk=stage.pk),
        **of("funnels:stage_add", "funnels:pipeline_default", "funnels:funnel_rename", pk=pipeline.pk),
        **of("leads:form_edit", pk=form.pk),
        **of("leads:public_form", "leads:public_thanks", slug=form.slug),
        **of("leads:track_click", signed=link_tracked(lead=lead, url="https://ours.example/").rpartition("/")[2]),
        **of("leads:inbox_item", "leads:inbox_retry", pk=item.pk),
        **of("leads:bulk_job", "leads:bulk_undo", "leads:bulk_cancel", pk=job.pk),
        **of("leads:edit", "leads:erase", "leads:merge", "leads:tags", pk=lead.pk),
        **of("scoring:explain", "scoring:history", pk=lead.pk),
        **of("leads:segment_edit", "leads:segment_delete", pk=segment.pk),
        **of("leads:field_edit", "leads:field_delete", pk=field.pk),
        **of("leads:company", "leads:company_edit", "api-companies-detail", pk=company.pk),
        **of("desk:lead", "desk:lead_timeline", "desk:brief", pk=lead.pk),
        **of("desk:log_form", "desk:lead_log", pk=lead.pk, kind="call"),
        **of("desk:queue_panel", key=f"handoff-{handoff.pk}"),
        **of("desk:reject_form", pk=handoff.pk),
        **of("desk:relief_job", "desk:relief_cancel", pk=relief.pk),
        **of("scoring:model", "scoring:preview", "scoring:activate", "scoring:discard", pk=model.pk),
        **of("scoring:backtests", "scoring:shadow_begin", "scoring:shadow_end", pk=model.pk),
        **of("scoring:backtest", "scoring:backtest_status", "scoring:backtest_cancel", pk=tried.pk),
        **of("scoring:rule_new", pk=model.pk, group=rule.group),
        **of("scoring:rule", "scoring:rule_delete", "scoring:rule_met", pk=rule.pk),
        **of("scoring:learned", "scoring:learned_state", "scoring:suggestions_apply", pk=study.pk),
        **of("scoring:count", "scoring:count_state", "scoring:met_rows", pk=model.pk),
        **of("insights:contract_withdraw", pk=promised.pk),
        **of("insights:decision", "insights:decision_done", "insights:decision_remove", pk=agreed.pk),
        **of("insights:alignment", "insights:decision_note", name="2026-W02"),
        **of("handoff:open", lead_id=lead.pk),
        **of("handoff:detail", "handoff:card", "handoff:accept", "handoff:reject", pk=handoff.pk),
        **of("handoff:reassign", "handoff:undo", "handoff:give_back", "handoff:take_over", pk=handoff.pk),
        **of("handoff:by_mail", token=accept_url(handoff, rep.pk).split("/")[-2]),
        **of("handoff:replay", "handoff:replay_status", "handoff:replay_cancel", pk=replay.pk),
        **of("handoff:rule_edit", "handoff:rule_move", "handoff:rule_toggle", "handoff:rule_delete", pk=routing.pk),
        **of("handoff:policy_edit", "handoff:policy_move", "handoff:policy_toggle", pk=policy.pk),
        **of("handoff:policy_delete", pk=policy.pk),
        **of("handoff:sla_edit", "handoff:sla_move", "handoff:sla_toggle", pk=sla.pk),
        **of("handoff:reason_edit", "handoff:reason_move", "handoff:reason_toggle", pk=reason.pk),
        **of("handoff:reason_delete", pk=reason.pk),
        **of("handoff:opener_edit", "handoff:opener_move", "handoff:opener_toggle", pk=opener.pk),
        **of("handoff:opener_delete", pk=opener.pk),
        **of("deals:detail", "deals:edit", "deals:deal_products", "deals:assign", "deals:log", pk=deal.pk),
        **of("deals:move", "deals:undo", "deals:win", "deals:lose", "deals:reopen", pk=deal.pk),
        **of("deals:task_create", pk=deal.pk),
        **of("deals:task_done", "deals:task_undo", "deals:task_snooze", pk=task.pk),
        **of("deals:answer", pk=deal.pk, question=question.pk),
        **of("deals:question_edit", "deals:question_move", "deals:question_toggle", pk=question.pk),
        **of("deals:column", stage=stage.pk),
        **of("deals:product", pk=product.pk),
        **of("intake:run", "intake:map", "intake:start", "intake:cancel", "intake:delete", pk=run.pk),
        **of("intake:status", "intake:rejected", pk=run.pk),
        **of("api-leads-detail", "api-leads-activities", "api-scores-detail", pk=lead.pk),
        **of("api-handoffs-detail", "api-handoffs-accept", "api-handoffs-reject", pk=handoff.pk),
        **of("api-handoffs-undo", "api-handoffs-give-back", "api-handoffs-take-over", pk=handoff.pk),
        **of("api-handoffs-reassign", pk=handoff.pk),
        **of("api-deals-detail", "api-deals-move", "api-deals-win", "api-deals-lose", pk=deal.pk),
    }


# What a GET needs to be more than an error.
QUERIES = {
    "insights:rows": "?what=won",
    "insights:contract_rows": "?what=delivered",
    "desk:relief": "?handoff=1",
}
