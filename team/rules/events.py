"""What people can be told outside of Baton. Pure."""

# event -> (what it is called, what it says)
EVENTS: dict[str, tuple[str, str]] = {
    "handoff": ("New lead", "A lead was handed to you"),
    "warning": ("Deadline near", "A lead waits for your answer and time runs out"),
    "late": ("Deadline missed", "Nobody answered in time"),
    "rejected": ("Rejected by sales", "A rep gave a lead back, with the reason"),
    "held": ("Leads without a rep", "Leads wait because nobody can take them, or somebody left"),
    "digest": ("Daily digest", "What waits today, at the hour you choose"),
}
# kind of a notice in the bell -> event; other kinds stay in the bell
EVENT_OF = {
    "handoff": "handoff",
    "warning": "warning",
    "escalated": "late",
    "absent": "late",
    "rejected": "rejected",
    "held": "held",
    "left": "held",
    "channel": "channel",  # one's own channel does not work: told on every other way, always
}
MAIL_BY_ITSELF = "handoff"  # has an e-mail of its own, with the button that accepts
