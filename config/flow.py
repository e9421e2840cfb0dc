"""The flow map: who listens to what. The one place where a lower room's news meets an upper room.

TOGETHER: functions called in the transaction of the fact, with the list of its payloads.
LATER: functions done by a worker from the outbox, at least once: ``handler(key, **payload)``.
WAKE: drains worth waking when something was marked; the marks themselves are in the database.
DRAINS: everything the sweeper wakes; each looks at the database and returns at once when idle.
"""

TOGETHER: dict[str, list[str]] = {
    # scoring -> handoff {lead_ids}: scores just written; the MQL bar is judged in the same transaction
    "leads.scored": ["handoff.services.qualify_scored"],
    # handoff -> deals {handoff_id, lead_id, cycle, rep_id}: a rep was chosen; the deal opens with the assignment
    "handoff.assigned": ["deals.services.deals_open_for_handoffs"],
    # handoff -> deals {handoff_id, lead_id, cycle, rep_id}: another rep has it now; the deal follows
    # and insights: the owner is another
    "handoff.reassigned": ["deals.services.deals_follow_handoffs", "insights.services.people_mark"],
    # handoff -> deals {handoff_id, lead_id, cycle, by_id}: SQL; the deal counts as an opportunity from now
    # and insights: that is no move in the ledger
    "handoff.accepted": ["deals.services.deals_note_accepted", "insights.services.people_mark"],
    # handoff -> deals {handoff_id, lead_id, cycle, by_id, reason}: its deal closes with it
    # and insights: the rep's verdict
    "handoff.rejected": ["deals.services.deals_close_for_rejected", "insights.services.people_mark"],
    # handoff -> deals {handoff_id, lead_id, cycle, rep_id, by_id}: the decision was taken back, and so is what it did
    # to the deal (which may say that too much has happened since); and insights: it counts no more
    "handoff.accept_undone": ["deals.services.deals_undo_accepted", "insights.services.people_mark"],
    "handoff.reject_undone": ["deals.services.deals_undo_rejected", "insights.services.people_mark"],
    # deals -> handoff {lead_id, cycle}: a deal is about to be closed or reopened; its handoff is held first
    "deal.closing": ["handoff.services.handoffs_hold"],
    # handoff -> insights {lead_id}: its rep left before deciding; nobody has it any more
    "handoff.withdrawn": ["insights.services.people_mark"],
    # deals -> handoff {lead_id, cycle}: the deal was won or lost; its rep has room for another handoff
    "deal.closed": ["handoff.services.handoffs_note_closed"],
    # deals -> handoff {lead_id, cycle}: the deal is open again, and takes room again
    "deal.reopened": ["handoff.services.handoffs_note_reopened"],
    # core -> team {error, channel_id}: a message was given up; those who keep the house hear of it
    "outbox.given_up": ["team.telling.given_up.given_up_tell"],
    # leads -> insights {lead_id}: another owner or first source, merged or erased; the ledger does not tell that
    "lead.rewritten": ["insights.services.people_mark"],
    # leads -> handoff {lead_id, by_id, at, until}: a rep called, mailed or met the lead; the human clock stops
    # leads -> deals: and its open deals were touched
    # leads -> insights: and how long the answer took
    "lead.responded": [
        "handoff.services.handoffs_note_response",
        "deals.services.deals_note_touch",
        "insights.services.people_mark",
    ],
    # deals -> insights {deal_id, lead_id}: another owner, amount or source; the ledger does not tell that
    "deal.rewritten": ["insights.services.people_mark"],
}

LATER: dict[str, list[str]] = {
    "mail.send": ["core.mail.deliver"],
    # handoff -> itself {handoff_id, rep_id}: a rep got a lead; the e-mail is written when it is sent
    "handoff.mail": ["handoff.services.mail_assigned"],
    # team -> itself {user_id, notice, event, channel_id}: one piece of news through one channel, or by e-mail
    "notice.send": ["team.telling.send.notice_send"],
    # team -> itself {user_id, channel_id, notices}: what quiet hours kept, as one message
    "notice.together": ["team.telling.send.together_send"],
    # team -> itself {user_id, channel_id}: the daily digest
    "notice.digest": ["team.telling.digest.digest_send"],
    # handoff -> itself {lead_ids}: scored again while they wait for their first rep; their place may be another
    "handoff.stirred": ["handoff.services.waiting_stirred"],
    # handoff -> itself {at}: the MQL policies were changed then; whoever was being scored meanwhile is judged again
    "policies.changed": ["handoff.services.policies.scored_meanwhile"],
    # scoring -> itself {model_id}: a model is in shadow no more; its scores are deleted in parts
    "scoring.shadow_left": ["scoring.services.shadow_forget"],
    # team -> handoff {user_id}: somebody left, or may own no leads any more; what they had not decided goes back to
    # routing
    # and: the managers hear which rules have nobody any more
    "user.deactivated": ["handoff.services.rep_left", "handoff.services.routing_left"],
    # team -> handoff {user_id, team_id}: somebody takes no leads any more, or none of that team, and is still here
    "user.rerouted": ["handoff.services.routing_left"],
}

WAKE: dict[str, list[str]] = {
    "inbox": ["leads.tasks.inbox_drain"],
    "leads.marked": ["scoring.tasks.score_drain"],
    "handoff.opened": ["handoff.tasks.assign_drain"],
    "handoff.replay": ["handoff.tasks.replay_drain"],
    "imports": ["intake.tasks.import_drain"],
    "leads.bulk": ["leads.tasks.bulk_drain"],
    "desk.relief": ["desk.tasks.relief_drain"],
    "scoring.study": ["scoring.tasks.study_drain"],
}

DRAINS: list[str] = [
    "core.tasks.outbox_drain",
    "leads.tasks.inbox_drain",
    "scoring.tasks.score_drain",
    "scoring.tasks.rescore_drain",
    "scoring.tasks.backtest_drain",
    "scoring.tasks.study_drain",
    "handoff.tasks.assign_drain",
    "handoff.tasks.clock_drain",
    "handoff.tasks.replay_drain",
    "insights.tasks.rollup_drain",
    "insights.tasks.contract_drain",
    "intake.tasks.import_drain",
    "leads.tasks.bulk_drain",
    "desk.tasks.relief_drain",
    "core.tasks.forget_drain",
    "team.tasks.notify_drain",
]

# What ``manage.py doctor`` asks: ``invariants(now, grace)`` of each room, and what only the top can see.
INVARIANTS: list[str] = [
    "core.invariants.invariants",
    "team.invariants.invariants",
    "funnels.invariants.invariants",
    "leads.invariants.invariants",
    "scoring.invariants.invariants",
    "handoff.invariants.invariants",
    "handoff.routing_invariants.invariants",
    "deals.invariants.invariants",
    "intake.invariants.invariants",
    "insights.invariants.invariants",
    "desk.invariants.invariants",
    "config.doctor.deals_of_handoffs",
    "config.doctor.verdicts_of_deals",
    "config.doctor.rollups",
]

# Questions to a room on the same line or above, answered by one selector: ``core.ask.ask``.
ASK: dict[str, str] = {
    # scoring asks handoff: the score from which a lead (or without one, one of no segment) is an MQL
    "mql.bar": "handoff.selectors.policies.mql_bar",
    # and: the bar of each of these leads
    "mql.bars": "handoff.selectors.policies.mql_bars",
    # and: the score below which nobody can pass by it
    "mql.lowest": "handoff.selectors.policies.mql_lowest",
    # scoring asks handoff and deals: what became of the leads that sales got
    "leads.outcomes": "config.outcomes.closed_outcomes",
    # scoring asks handoff: what else lets a lead pass the MQL bar
    "mql.policy": "handoff.selectors.policies.mql_policy",
    # scoring asks handoff and deals: what sales made of each of these leads, decided or not
    "leads.verdicts": "config.outcomes.verdicts",
    # and: whom sales got, what they said of them, and what came of it
    "leads.handed": "config.outcomes.handed_over",
    # handoff asks deals: what each rep won and lost lately
    "reps.won": "config.outcomes.won_by_rep",
    # leads asks everybody: what asks for a field of the admin's own in a condition
    "fact.asked_by": "config.asked.asked_by",
    # leads asks deals: the companies of the deals that a person sees
    "companies.of_deals": "deals.selectors.listing.companies_of_deals",
    # team asks everybody: what a person still has on the desk
    "person.holds": "config.holdings.held_by",
    # and: who of these people still has anything there
    "people.holding": "desk.selectors.relief.left_behind",
    # the bell asks: how many things wait in a person's queue
    "queue.waiting": "config.holdings.waiting_for",
    # team asks handoff: what still holds of what is about to be told, and the button that accepts
    "notice.truths": "handoff.selectors.telling.notice_truths",
    # team asks the desk: what a person's daily digest says
    "digest.of": "desk.selectors.digest.digest_of",
}
