"""What the addresses of the pages about rules and feedback ask for. What makes no sense asks for nothing."""

from typing import Any

from django import forms

from scoring.selectors.feedback import BY, FATES, PERIODS, SORTS, Asked

DAYS = [(str(days), label) for days, label in PERIODS.items()]


class FeedbackForm(forms.Form):
    """Period, what the lines are, and their order."""

    by = forms.ChoiceField(label="By", choices=list(BY.items()), required=False)
    days = forms.ChoiceField(label="Handed to sales", choices=DAYS, required=False)
    sort = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(
            {"by": data.get("by") or "rule", "days": data.get("days") or "365", "sort": data.get("sort")}
        )

    def asked(self) -> tuple[str, int, str]:
        """(by, days, sort)."""
        self.is_valid()
        sort = self.cleaned_data.get("sort") or "-n"
        return (
            self.cleaned_data.get("by") or "rule",
            int(self.cleaned_data.get("days") or 365),
            sort if sort.removeprefix("-") in SORTS else "-n",
        )


class AskedForm(forms.Form):
    """Which leads of sales: see ``Asked``. ``because``: the reason counts, also an empty one."""

    by = forms.ChoiceField(choices=list(BY.items()), required=False)
    key = forms.CharField(max_length=120, required=False, strip=False)
    what = forms.ChoiceField(choices=[*FATES.items(), ("now", "Now")], required=False)
    days = forms.ChoiceField(choices=DAYS, required=False)
    because = forms.BooleanField(required=False)
    reason = forms.CharField(max_length=120, required=False, strip=False)

    def asked(self) -> Asked:
        self.is_valid()
        given = self.cleaned_data
        return Asked(
            days=int(given.get("days") or 0),
            by=given.get("by") or "",
            key=given.get("key") or "",
            what=given.get("what") or "handed",
            reason=(given.get("reason") or "") if given.get("because") else None,
        )
