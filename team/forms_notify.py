"""What people choose about how they are told."""

from typing import Any

from django import forms

from team.models import Channel, NotifyPlan
from team.rules.events import EVENTS

HOURS = [(hour, f"{hour:02d}:00") for hour in range(24)]
EXAMPLES = (
    "slack://TokenA/TokenB/TokenC, or the webhook address that Slack or Teams shows you; tgram://bot_token/chat_id; "
    "ntfys://your-topic; discord://id/token; twilio://SID:Token@FromPhone/ToPhone; jsons://user:password@host/path"
)


class ChannelForm(forms.Form):
    """A channel of a person or (``for_team``) of a team."""

    name = forms.CharField(max_length=80, help_text="As you want to find it, such as “Sales channel” or “My phone”.")
    address = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        choices=[(key, label) for key, (label, _) in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Tell it",
    )
    urgent_only = forms.BooleanField(
        required=False,
        label="Only what is urgent",
        help_text="Leads who asked for a talk, and missed deadlines.",
    )

    def __init__(self, *args: Any, channel: Channel | None = None, for_team: bool = False, **kwargs: Any) -> None:
        if channel:
            kwargs.setdefault("initial", {name: getattr(channel, name) for name in ("name", "events", "urgent_only")})
        else:
            kwargs.setdefault("initial", {"events": ["handoff", "late"]})
        super().__init__(*args, **kwargs)
        kept = f"Now: {channel.masked}. Leave it empty to keep it. " if channel else ""
        self.fields["address"].help_text = f"{kept}It is a password: nobody is shown it again. Such as {EXAMPLES}."
        if for_team:
            field: Any = self.fields["events"]
            field.choices = [one for one in field.choices if one[0] != "digest"]


class QuietForm(forms.Form):
    quiet = forms.ChoiceField(choices=NotifyPlan.Quiet.choices, label="Quiet hours", widget=forms.RadioSelect)
    quiet_from = forms.CharField(max_length=5, label="From", required=False)
    quiet_to = forms.CharField(max_length=5, label="To", required=False)
    through = forms.ChoiceField(choices=NotifyPlan.Through.choices, label="What comes through all the same")

    def __init__(self, *args: Any, plan: NotifyPlan, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(plan, name) for name in ("quiet", "quiet_from", "quiet_to", "through")}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in ("quiet_from", "quiet_to"):
            data[name] = data.get(name) or self.initial[name]
        return data


class DigestForm(forms.Form):
    on = forms.BooleanField(required=False, label="Send me a digest on my working days")
    digest_hour = forms.TypedChoiceField(choices=HOURS, coerce=int, label="At, in my time zone")

    def __init__(self, *args: Any, plan: NotifyPlan, **kwargs: Any) -> None:
        kwargs["initial"] = {"on": plan.digest, "digest_hour": plan.digest_hour}
        super().__init__(*args, **kwargs)
