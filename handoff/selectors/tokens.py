"""The signed address of the accept button: which handoff, which turn of it, for whom, and since when."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from core.errors import Refused
from handoff.models import Handoff

SALT = "handoff.accept-by-mail"
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Link:
    """What a genuine link names."""

    handoff_id: int
    turn: int
    rep_id: int


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=SALT, sep="~")


def accept_url(handoff: Handoff, rep_id: int) -> str:
    """The whole address of the button for this turn of ``handoff``."""
    token = _signer().sign_object([handoff.pk, handoff.turn, rep_id])
    return settings.SITE_URL + reverse("handoff:by_mail", args=[token])


def link_read(token: str) -> Link:
    """Raises Refused: ``expired`` for one that was ours and is too old, ``forged`` for everything else."""
    try:
        found = _signer().unsign_object(token, max_age=KEPT)
        return Link(*map(int, found))
    except signing.SignatureExpired:
        raise Refused(f"Accept links work for {KEPT.days} days; this one is older.", code="expired") from None
    except (signing.BadSignature, ValueError, TypeError):
        raise Refused(
            "Part of the link is missing or was changed. Copy it whole from the e-mail.", code="forged"
        ) from None
