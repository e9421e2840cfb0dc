"""What a hand may do with a lead's stage and owner. Pure."""

WITH_SALES = "A rep has it from a handoff: accept, reject or reassign it there."


def hand_refusal(
    *, from_funnel: str, from_kind: str, to_funnel: str, to_kind: str, same_stage: bool, missing: list[str]
) -> str:
    """Why this lead may not be moved there by hand, for people; '' when it may.

    The handoff is never made by hand: a lead is handed off by passing the MQL bar and comes back by a decision.
    """
    if same_stage:
        return "It is in this stage already."
    if to_kind == "handed_off":
        return "A lead is handed off by passing the MQL bar, not by hand."
    if from_kind == "handed_off":
        return WITH_SALES
    if from_funnel != to_funnel:
        return "It stays in its own funnel."
    if missing:
        return "Fill in first: " + ", ".join(missing) + "."
    return ""


def owner_refusal(*, stage_kind: str) -> str:
    """Why the owner may not be changed in a list, '' when it may."""
    return WITH_SALES if stage_kind == "handed_off" else ""
