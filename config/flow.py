"""The flow map: who listens to what. The one place where a lower room's news meets an upper room.

TOGETHER: functions called in the transaction of the fact, with the list of its payloads.
LATER: functions done by a worker from the outbox, at least once: ``handler(key, **payload)``.
WAKE: drains worth waking when something was marked; the marks themselves are in the database.
DRAINS: everything the sweeper wakes; each looks at the database and returns at once when idle.
"""

TOGETHER: dict[str, list[str]] = {
    # scoring -> handoff: leads whose score was just written; the MQL bar is judged in the same transaction
    "leads.scored": ["handoff.services.qualify_scored"],
    # handoff -> deals: a rep was chosen; the deal opens with the assignment or not at all
    "handoff.assigned": ["deals.services.deals_open_for_handoffs"],
    # handoff -> deals: rejected; its deal closes with it
    "handoff.rejected": ["deals.services.deals_close_for_rejected"],
    # leads -> handoff: a rep called, mailed or met the lead: the human clock stops
    "lead.responded": ["handoff.services.handoffs_note_response"],
}

LATER: dict[str, list[str]] = {
    "mail.send": ["core.mail.deliver"],
}

WAKE: dict[str, list[str]] = {
    "inbox": ["leads.tasks.inbox_drain"],
    "leads.marked": ["scoring.tasks.score_drain"],
    "handoff.opened": ["handoff.tasks.assign_drain"],
}

DRAINS: list[str] = [
    "core.tasks.outbox_drain",
    "leads.tasks.inbox_drain",
    "scoring.tasks.score_drain",
    "handoff.tasks.assign_drain",
    "handoff.tasks.clock_drain",
]
