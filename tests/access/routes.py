"""Who may open what: every URL of Baton, its methods and its roles, written down by hand.

A route that is not here fails the matrix test; so does one that is here and no longer exists. Where an address names
an object, the object belongs to the rep of team North (``tests/access/world.py``), and ``roles`` are those who get
through to it. An admin gets through everywhere but to what is another person's own.
"""

from dataclasses import dataclass

M, R, O, G, A = "marketer", "rep", "other_rep", "manager", "admin"  # noqa: E741
NOBODY, ROLELESS = "anonymous", "roleless"
PEOPLE = (M, R, O, G, A, ROLELESS)  # whoever is signed in
WORLD = (NOBODY, *PEOPLE)
STAFF = (M, R, O, G, A)  # whoever works here
SALES = (R, O, G, A)
MARKETING = (M, G, A)
MANAGERS = (G, A)
SEEN = (M, R, G, A)  # who sees a lead, deal or handoff of the rep
WORKED = (R, G, A)  # who works on it
OWN = (R,)
ROLES = (NOBODY, ROLELESS, M, R, O, G, A)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Route:
    """``methods`` that the address answers, HEAD wherever GET; ``roles`` that get through."""

    methods: frozenset[str]
    roles: tuple[str, ...]


def _all(methods: str, roles: tuple[str, ...], *names: str) -> dict[str, Route]:
    given = frozenset(methods.split())
    return {name: Route(given | ({"HEAD"} if "GET" in given else set()), roles) for name in names}


ROUTES: dict[str, Route] = {
    # open to the world
    **_all("GET", WORLD, "core:healthz", "leads:track_script", "leads:track_click", "leads:public_thanks"),
    **_all("GET", WORLD, "team:password_reset_done"),
    **_all("GET POST", WORLD, "leads:public_form", "team:setup", "handoff:by_mail"),
    **_all("POST OPTIONS", WORLD, "leads:track"),
    **_all("GET POST", WORLD, "team:login", "team:password_reset", "team:password_reset_confirm"),
    # everybody's own desk
    **_all("GET POST", PEOPLE, "team:password_change"),
    **_all("POST", PEOPLE, "team:logout"),
    **_all("GET POST", PEOPLE, "team:profile", "team:tokens"),
    **_all("POST", PEOPLE, "team:hours", "team:time_off_add", "team:theme", "team:notices_read"),
    **_all("POST", OWN, "team:time_off_remove", "team:token_revoke"),
    **_all("GET", PEOPLE, "team:notifications"),
    **_all("GET POST", PEOPLE, "team:digest", "team:channel_new"),
    **_all("POST", PEOPLE, "team:notify_events", "team:notify_quiet", "team:mail_test"),
    **_all("GET POST", OWN, "team:channel"),
    **_all("POST", OWN, "team:channel_test", "team:channel_switch", "team:channel_remove"),
    **_all("GET", MANAGERS, "team:team_channels"),
    **_all("GET POST", MANAGERS, "team:team_channel_new"),
    **_all("GET", PEOPLE, "team:bell", "team:notices", "desk:home", "api-docs", "api-schema"),
    # people and teams
    **_all("GET", MANAGERS, "team:people"),
    **_all("GET POST", MANAGERS, "team:person"),
    **_all("POST", MANAGERS, "team:person_off", "team:person_off_remove", "team:person_hours"),
    **_all("GET POST", MANAGERS, "team:days"),
    **_all("POST", MANAGERS, "team:day_remove"),
    **_all("GET POST", (A,), "team:person_new", "team:team_new", "team:team"),
    **_all("POST", (A,), "team:invite"),
    # the floor plan
    **_all("GET", MANAGERS, "funnels:stages"),
    **_all("POST", MANAGERS, "funnels:stage_edit", "funnels:stage_shift", "funnels:stage_remove"),
    **_all("POST", MANAGERS, "funnels:stage_restore", "funnels:stage_add", "funnels:pipeline_add"),
    **_all("POST", MANAGERS, "funnels:pipeline_default", "funnels:funnel_rename"),
    # capture
    **_all("GET", (M, A), "leads:forms", "leads:inbox"),
    **_all("GET POST", (M, A), "leads:form_new", "leads:form_edit", "leads:inbox_item"),
    **_all("POST", (M, A), "leads:form_preview", "leads:inbox_retry", "leads:inbox_retry_all"),
    **_all("GET POST", MARKETING, "intake:imports"),
    # the run is the marketer's own, who is of no team
    **_all("GET", (M, A), "intake:run", "intake:status", "intake:rejected"),
    **_all("POST", (M, A), "intake:map", "intake:start", "intake:cancel", "intake:delete"),
    # leads and companies
    **_all("GET", STAFF, "leads:list", "leads:export", "leads:companies", "leads:condition_words"),
    **_all("POST", STAFF, "leads:bulk", "leads:condition_preview"),
    **_all("GET", WORKED, "leads:bulk_job"),
    **_all("POST", WORKED, "leads:bulk_undo", "leads:bulk_cancel"),
    **_all("GET POST", STAFF, "leads:new", "leads:segment_new"),
    **_all("GET POST", SEEN, "leads:edit", "leads:company_edit"),
    **_all("POST", SEEN, "leads:tags"),
    **_all("GET POST", MANAGERS, "leads:erase"),
    **_all("GET POST", MARKETING, "leads:merge"),
    **_all("GET", STAFF, "leads:segments"),
    **_all("GET POST", OWN, "leads:segment_edit"),
    **_all("POST", OWN, "leads:segment_delete"),
    **_all("GET POST", (A,), "leads:fields", "leads:field_edit"),
    **_all("POST", (A,), "leads:field_delete"),
    **_all("GET", SEEN, "leads:company", "desk:lead", "desk:lead_timeline", "desk:log_form", "scoring:explain"),
    **_all("GET", SEEN, "desk:brief"),
    **_all("GET", SEEN, "scoring:history"),
    **_all("POST", SEEN, "desk:lead_log"),
    # scoring
    **_all("GET", MARKETING, "scoring:desk", "scoring:progress", "scoring:preview"),
    **_all("GET", MARKETING, "scoring:versions"),
    **_all("GET", MARKETING, "scoring:rule_met", "scoring:met_rows", "scoring:feedback", "scoring:count_state"),
    **_all("POST", MARKETING, "scoring:count"),
    **_all("GET POST", (M, A), "scoring:learn"),
    **_all("GET", (M, A), "scoring:learned", "scoring:learned_state"),
    **_all("POST", (M, A), "scoring:suggestions_apply"),
    **_all("GET POST", MARKETING, "scoring:model", "scoring:rule_new", "scoring:rule"),
    **_all("GET POST", MARKETING, "scoring:backtests"),
    **_all("GET", MARKETING, "scoring:backtest", "scoring:backtest_status"),
    **_all("POST", MARKETING, "scoring:backtest_cancel", "scoring:shadow_begin", "scoring:shadow_end"),
    **_all("GET", MARKETING, "scoring:shadow", "scoring:shadow_differences"),
    **_all("POST", MARKETING, "scoring:draft", "scoring:activate", "scoring:discard", "scoring:rule_delete"),
    # the handoff
    **_all("GET", STAFF, "handoff:list"),
    **_all("GET", SEEN, "handoff:detail", "handoff:card"),
    **_all("POST", SEEN, "handoff:open"),
    **_all("POST", WORKED, "handoff:accept", "handoff:reject", "handoff:undo", "handoff:give_back"),
    **_all("GET", (R, O, A), "handoff:team"),
    **_all("POST", OWN, "handoff:take_over"),  # of the own team; the rep's own is a conflict
    **_all("POST", MANAGERS, "handoff:reassign"),
    **_all("GET", MARKETING, "handoff:policy"),
    **_all("GET POST", MARKETING, "handoff:policy_new", "handoff:policy_edit"),
    **_all("POST", MARKETING, "handoff:policy_move", "handoff:policy_toggle", "handoff:policy_delete"),
    **_all("GET", MARKETING, "handoff:routing", "handoff:rule_try", "handoff:sla", "handoff:reasons"),
    **_all("GET POST", MANAGERS, "handoff:rule_new", "handoff:rule_edit", "handoff:sla_new", "handoff:sla_edit"),
    **_all("GET POST", MANAGERS, "handoff:routing_draft", "handoff:draft_rule_new"),
    **_all("POST", MANAGERS, "handoff:draft_drop", "handoff:draft_force"),
    **_all("GET", MANAGERS, "handoff:replays", "handoff:replay", "handoff:replay_status"),
    **_all("POST", MANAGERS, "handoff:replay_start", "handoff:replay_cancel"),
    **_all("GET POST", MANAGERS, "handoff:reason_new", "handoff:reason_edit"),
    **_all("POST", MANAGERS, "handoff:rule_move", "handoff:rule_toggle", "handoff:rule_delete"),
    **_all("POST", MANAGERS, "handoff:sla_move", "handoff:sla_toggle", "handoff:sla_renew"),
    **_all("POST", MANAGERS, "handoff:reason_move", "handoff:reason_toggle", "handoff:reason_delete"),
    **_all("GET", MARKETING, "handoff:openers"),
    **_all("GET POST", MANAGERS, "handoff:opener_new", "handoff:opener_edit"),
    **_all("POST", MANAGERS, "handoff:opener_move", "handoff:opener_toggle", "handoff:opener_delete"),
    # deals
    **_all("POST", WORKED, "deals:answer"),
    **_all("GET", MANAGERS, "deals:questions"),
    **_all("GET POST", MANAGERS, "deals:question_new", "deals:question_edit"),
    **_all("POST", MANAGERS, "deals:question_move", "deals:question_toggle"),
    **_all("GET", STAFF, "deals:list", "deals:export", "deals:board", "deals:column"),
    **_all("GET", SEEN, "deals:detail"),
    **_all("GET POST", SALES, "deals:new"),
    **_all("GET POST", WORKED, "deals:win", "deals:lose"),
    **_all("POST", WORKED, "deals:edit", "deals:deal_products", "deals:log", "deals:move", "deals:undo"),
    **_all("POST", WORKED, "deals:reopen", "deals:task_create", "deals:task_done", "deals:task_undo"),
    **_all("POST", WORKED, "deals:task_snooze"),
    **_all("POST", MANAGERS, "deals:assign"),
    **_all("GET POST", MANAGERS, "deals:products", "deals:product"),
    # numbers
    **_all("GET", MARKETING, "insights:funnel", "insights:marketing"),
    **_all("GET", SALES, "insights:sales"),
    **_all("GET", STAFF, "insights:rows"),
    # the contract
    **_all("GET", STAFF, "insights:contract", "insights:contract_rows", "insights:contract_csv"),
    **_all("GET", STAFF, "insights:alignment", "insights:alignment_last"),
    **_all("GET", MARKETING, "insights:contract_promise"),
    **_all("GET", MANAGERS, "insights:staffing"),
    **_all("GET POST", MARKETING, "insights:decision"),
    **_all("POST", MARKETING, "insights:decision_note", "insights:decision_done", "insights:decision_remove"),
    **_all("POST", MANAGERS, "insights:contract_promise_new", "insights:contract_withdraw", "insights:contract_zone"),
    # the desk
    **_all("GET", SALES, "desk:queue", "desk:queue_list", "desk:queue_panel"),
    **_all("GET", WORKED, "desk:reject_form"),
    **_all("GET POST", MANAGERS, "desk:relief"),
    **_all("GET", MANAGERS, "desk:relief_job"),
    **_all("POST", MANAGERS, "desk:relief_cancel"),
    **_all("GET", STAFF, "desk:search"),
    **_all("GET", (A,), "desk:deliveries"),
    **_all("POST", (A,), "desk:deliveries_retry"),
    **_all("GET", MANAGERS, "desk:styleguide"),
    # the API
    **_all("GET POST", STAFF, "api-leads-list"),
    **_all("GET PATCH", SEEN, "api-leads-detail"),
    **_all("GET", SEEN, "api-leads-activities", "api-companies-detail", "api-scores-detail"),
    **_all("GET", SEEN, "api-handoffs-detail"),
    **_all("GET", STAFF, "api-companies-list", "api-handoffs-list", "api-funnels-list"),
    **_all("POST", STAFF, "api-activities-list", "api-activities-batch"),
    **_all("POST", MARKETING, "api-captures-list"),
    **_all("POST", WORKED, "api-handoffs-accept", "api-handoffs-reject"),
    **_all("POST", WORKED, "api-handoffs-undo", "api-handoffs-give-back"),
    **_all("POST", MANAGERS, "api-handoffs-reassign"),
    **_all("POST", OWN, "api-handoffs-take-over"),
    **_all("GET POST", SALES, "api-deals-list"),
    **_all("GET PATCH", WORKED, "api-deals-detail"),
    **_all("POST", WORKED, "api-deals-move", "api-deals-win", "api-deals-lose"),
    **_all("GET", MARKETING, "api-metrics-funnel"),
    **_all("GET", SALES, "api-metrics-sales"),
}
