"""The accept button in an e-mail: for one turn of one rep, used once. Looking at it changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.clock import db_now
from core.errors import Refused
from handoff.models import Handoff, LinkUse
from handoff.selectors.tokens import Link, link_read
from handoff.services.decide import handoff_accept
from team.models import User
from team.rules import zone_get


@dataclass(frozen=True)
class Look:
    """What the page behind the link says. ``handoff`` is there while it can be accepted, and right after."""

    title: str
    said: str
    handoff: Handoff | None = None
    rep: User | None = None
    accepted: bool = False
    status: int = 200


def link_look(token: str, *, seen_by: Any = None) -> Look:
    """What the link would do now, ``seen_by`` who is signed in (None: nobody). Writes nothing: mail scanners open
    every link."""
    try:
        link = link_read(token)
    except Refused as refusal:
        status = 410 if refusal.code == "expired" else 404
        title = "This link is too old" if refusal.code == "expired" else "This link does not work"
        return Look(title, refusal.message, status=status)
    return _look(link, seen_by)


def _look(link: Link, seen_by: Any) -> Look:
    rows = Handoff.objects.select_related("lead__company", "rep", "decided_by", "reject_reason")
    one = rows.filter(pk=link.handoff_id).first()
    rep = User.objects.filter(pk=link.rep_id).first()
    if one is None or rep is None:
        return Look("This lead is gone", "It was removed from Baton, and there is nothing left to do.", status=410)
    if not rep.is_active or not rep.has_role("rep", "manager"):
        said = "The account this e-mail was sent to takes no leads any more. Ask your manager who has the lead now."
        return Look("You cannot accept this lead", said, status=410)
    if seen_by is not None and seen_by.pk != rep.pk:
        said = f"You are signed in as {seen_by.name}. Nobody accepts in a colleague's name: {rep.name} has to do it."
        return Look(f"This e-mail was sent to {rep.name}", said, rep=rep, status=409)
    refused = _used(link, one, rep) or _decided(link, one, rep)
    if refused:
        return refused
    return Look(f"Accept {one.lead.name}?", "", handoff=one, rep=rep)


def _used(link: Link, one: Handoff, rep: User) -> Look | None:
    use = LinkUse.objects.filter(handoff=one, turn=link.turn).first()
    if use is None:
        return None
    said = f"You accepted this lead with this button on {_when(use.at, rep)}. The button works once."
    if one.state != Handoff.State.ACCEPTED or one.rep_id != rep.pk:
        said += " Things have changed since: Baton shows how it stands now."
    return Look("You have used this button", said, rep=rep, status=410)


def _decided(link: Link, one: Handoff, rep: User) -> Look | None:
    if one.rep_id != rep.pk or one.turn != link.turn:
        if one.rep_id == rep.pk:
            said = "It came back to you later, and the newer e-mail has the button that works."
            return Look("This e-mail is about an earlier time", said, rep=rep, status=410)
        return Look("Somebody else has this lead now", "It was given to a colleague or waits for one.", status=410)
    if one.decided_at is None:
        return None
    who = "You" if one.decided_by_id == rep.pk else str(one.decided_by)
    verb = "rejected" if one.state == Handoff.State.REJECTED else "accepted"
    return Look(f"{who} {verb} this lead already", f"On {_when(one.decided_at, rep)}.", rep=rep, status=410)


def _when(at: datetime, rep: User) -> str:
    return at.astimezone(zone_get(rep.time_zone)).strftime("%a %d %b at %H:%M")


def link_accept(token: str, *, seen_by: Any = None) -> Look:
    """Press the button: the rep it was sent to accepts, once. Whatever stands against it is said by the Look."""
    look = link_look(token, seen_by=seen_by)
    if look.handoff is None or look.rep is None:
        return look
    link = link_read(token)
    try:
        with transaction.atomic():
            one = handoff_accept(handoff_id=link.handoff_id, by=look.rep)
            if one.turn != link.turn or one.rep_id != link.rep_id:
                raise Refused("Somebody else was first.")
            LinkUse.objects.create(handoff=one, turn=link.turn, rep=look.rep, at=db_now())
    except (Refused, IntegrityError):
        now = link_look(token)
        said = "This moment Baton could not do it. Open the lead and accept it there."
        return now if now.handoff is None else Look("Not accepted", said, status=409)
    return Look(f"{look.handoff.lead.name} is yours", "", handoff=look.handoff, rep=look.rep, accepted=True)
