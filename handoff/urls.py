from django.urls import path

from handoff.views import by_mail, handoffs, passing, reasons, settings

app_name = "handoff"
urlpatterns = [
    path("handoffs/", handoffs.handoff_list, name="list"),
    path("handoffs/open/<int:lead_id>/", handoffs.open_, name="open"),
    path("handoffs/<int:pk>/", handoffs.detail, name="detail"),
    path("handoffs/<int:pk>/card/", handoffs.card, name="card"),
    path("handoffs/<int:pk>/accept/", handoffs.accept, name="accept"),
    path("handoffs/<int:pk>/reject/", handoffs.reject, name="reject"),
    path("handoffs/team/", passing.team, name="team"),
    path("handoffs/<int:pk>/undo/", passing.undo, name="undo"),
    path("handoffs/<int:pk>/give-back/", passing.give_back, name="give_back"),
    path("handoffs/<int:pk>/take-over/", passing.take_over, name="take_over"),
    path("handoffs/<int:pk>/reassign/", handoffs.reassign, name="reassign"),
    path("handoffs/by-mail/<str:token>/", by_mail.by_mail, name="by_mail"),
    path("mql/", settings.policy, name="policy"),
    path("routing/", settings.routing, name="routing"),
    path("routing/new/", settings.rule_new, name="rule_new"),
    path("routing/try/", settings.rule_try, name="rule_try"),
    path("routing/<int:pk>/", settings.rule_edit, name="rule_edit"),
    path("routing/<int:pk>/move/", settings.rule_move, name="rule_move"),
    path("routing/<int:pk>/toggle/", settings.rule_toggle, name="rule_toggle"),
    path("routing/<int:pk>/delete/", settings.rule_delete, name="rule_delete"),
    path("sla/", settings.sla, name="sla"),
    path("sla/new/", settings.sla_new, name="sla_new"),
    path("sla/<int:pk>/", settings.sla_edit, name="sla_edit"),
    path("sla/<int:pk>/move/", settings.sla_move, name="sla_move"),
    path("sla/<int:pk>/toggle/", settings.sla_toggle, name="sla_toggle"),
    path("reject-reasons/", reasons.reasons, name="reasons"),
    path("reject-reasons/new/", reasons.reason_new, name="reason_new"),
    path("reject-reasons/<int:pk>/", reasons.reason_edit, name="reason_edit"),
    path("reject-reasons/<int:pk>/move/", reasons.reason_move, name="reason_move"),
    path("reject-reasons/<int:pk>/delete/", reasons.reason_delete, name="reason_delete"),
    path("reject-reasons/<int:pk>/toggle/", reasons.reason_toggle, name="reason_toggle"),
]
