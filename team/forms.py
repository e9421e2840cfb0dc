from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import password_validation
from django.core.validators import MaxValueValidator
from django.urls import reverse

from core import places
from core.errors import Refused
from core.widgets import LongSelect, MomentField
from team import rules, services
from team.models import ApiToken, Team, TimeOff, User


@cache
def zones() -> list[tuple[str, str]]:
    """Every zone of the tz database that names a place, and UTC."""
    places = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class LoginForm(auth_forms.AuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget = forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
        self.error_messages["invalid_login"] = "This e-mail and password do not belong together."

    def clean_username(self) -> str:
        text: str = self.cleaned_data["username"]
        return text.strip().lower()


class ResetForm(auth_forms.PasswordResetForm):
    """Mails through the outbox, so that a known e-mail takes no longer to answer than an unknown one. Somebody
    invited who has no password yet gets a link too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail"
        self.fields["email"].widget.attrs |= {"autocomplete": "username", "autofocus": True}

    def get_users(self, email: str) -> Any:
        return User.objects.filter(email__iexact=email.strip(), is_active=True)

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        context: dict[str, Any] = args[2]
        path = reverse("team:password_reset_confirm", args=[context["uid"], context["token"]])
        services.reset_send(person=context["user"], link=f"{context['protocol']}://{context['domain']}{path}")


class SetupForm(forms.Form):
    """The first admin of an empty Baton."""

    name = forms.CharField(max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters, and not one that everybody knows.",
    )
    time_zone = forms.ChoiceField(choices=zones, widget=LongSelect, initial="UTC")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password)
        return password


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(choices=zones, widget=LongSelect)

    class Meta:
        model = User
        fields = ["name", "time_zone", "theme", "notify_email", "notify_sound", "mail_alignment"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.has_role("manager", "marketer"):
            del self.fields["mail_alignment"]


class HoursField(forms.CharField):
    """Working hours of one weekday as people write them: ``09:00-12:30, 13:30-18:00``; empty is a day off."""

    def clean(self, value: Any) -> Any:
        try:
            return rules.spans_parse(super().clean(value) or "")
        except Refused as refusal:
            raise forms.ValidationError(refusal.message) from None


def _places() -> list[tuple[str, str]]:
    return [("", "No country"), *rules.places()]


class PlaceField(forms.ChoiceField):
    """Whose public holidays somebody keeps: a (country, region), both empty for none."""

    widget = LongSelect

    def __init__(self, *, help_text: str = "") -> None:
        super().__init__(choices=_places, required=False, label="Public holidays of", help_text=help_text)

    def clean(self, value: Any) -> Any:
        country, _, region = super().clean(value).partition(":")
        return country, region


def place_of(person: User) -> str:
    """What ``PlaceField`` shows for this person."""
    return f"{person.country}:{person.region}" if person.region else person.country


class HoursForm(forms.Form):
    """Seven fields, one a weekday, and whose holidays they keep."""

    place = PlaceField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].initial = place_of(user)
        for index, day in enumerate(rules.WEEKDAYS):
            spans = user.working_hours.get(str(index), [])
            self.fields[f"day_{index}"] = HoursField(
                required=False,
                label=day,
                initial=rules.spans_text(spans),
                widget=forms.TextInput(attrs={"placeholder": "day off"}),
            )

    def values(self) -> dict[str, Any]:
        """What ``services.hours_save`` takes."""
        country, region = self.cleaned_data["place"]
        hours = {str(i): spans for i in range(7) if (spans := self.cleaned_data[f"day_{i}"])}
        return {"hours": hours, "country": country, "region": region}


class CompanyDaysForm(forms.Form):
    """One day off for everybody, or a few in a row."""

    first = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Empty: one day."
    )
    name = forms.CharField(label="What it is", max_length=80)


class TimeOffForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = TimeOff
        fields = ["starts_at", "ends_at", "note"]
        labels = {"starts_at": "From", "ends_at": "Until"}
        field_classes = {"starts_at": MomentField, "ends_at": MomentField}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("starts_at") and data.get("ends_at") and data["ends_at"] <= data["starts_at"]:
            self.add_error("ends_at", "The end must be after the beginning.")
        return data


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What will use it, such as “website form”.")
    scopes = forms.MultipleChoiceField(
        choices=list(ApiToken.SCOPES.items()), widget=forms.CheckboxSelectMultiple, label="It may"
    )


class ListedField(forms.CharField):
    """A list that people write with commas; its value is the list of codes or words."""

    def __init__(self, parse: Callable[[str], list[str]], show: Callable[[list[str]], str], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.parse, self.show = parse, show

    def prepare_value(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        try:
            return self.parse(super().clean(value) or "")
        except Refused as refusal:
            raise forms.ValidationError(refusal.message) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class RepForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom a rep can talk to: routing rules ask for it. ``seen``: what the page showed when it was opened, so that
    of two who change somebody the second is told, and an old page does not let back in who left since."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    languages = ListedField(
        places.languages_parse,
        places.languages_text,
        max_length=400,
        help_text="To sell in, such as “German, English”. Rules may ask for the lead's.",
    )
    countries = ListedField(
        places.countries_parse,
        places.countries_text,
        label="Territory",
        max_length=2000,
        help_text="Countries or regions, such as “DACH, France”. Rules may ask for the lead's.",
    )
    skills = ListedField(
        places.words_parse,
        ", ".join,
        max_length=600,
        help_text="Such as “enterprise, field service”. Rules may ask for one.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, top in (("weight", 100), ("capacity_open", 100_000), ("capacity_day", 100_000)):
            number: Any = self.fields[name]
            number.validators.append(MaxValueValidator(top))
            number.widget.attrs["max"] = top
        self.initial["seen"] = self._state()

    def _state(self) -> str:
        kept = [str(getattr(self.instance, name)) for name in self._meta.fields or ()]
        return sha256("|".join(kept).encode()).hexdigest()[:16]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.pop("seen", "") not in ("", self.initial["seen"]):
            self.add_error(None, "Somebody else changed this since you opened it. Reload to see their version.")
        return data


class PersonForm(RepForm):
    """Everything about a person: for admins."""

    time_zone = forms.ChoiceField(choices=zones, widget=LongSelect)

    class Meta:
        model = User
        fields = [
            *("name", "email", "team", "is_marketer", "is_rep", "is_manager", "is_admin"),
            *("time_zone", "weight", "capacity_open", "capacity_day", "is_active"),
            *("languages", "countries", "skills"),
        ]
        labels = {
            "email": "E-mail",
            "is_marketer": "Marketer",
            "is_rep": "Sales rep",
            "is_manager": "Manager",
            "is_admin": "Admin",
            "weight": "Share of new leads",
            "capacity_open": "Most at once",
            "capacity_day": "Most new a day",
            "is_active": "May sign in",
        }
        help_texts = {"weight": "Among equals: 2 gets twice as many as 1. 0 gets none by turn."}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.strip().lower()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not any(data.get(f"is_{role}") for role in User.ROLES):
            self.add_error("is_rep", "Give at least one role: without one they see nothing.")
        return data

    def _post_clean(self) -> None:
        # Writing the person is the service's work; the form only reads what was sent.
        before = {name: getattr(self.instance, name) for name in self._meta.fields or []}
        super()._post_clean()  # type: ignore[misc]
        for name, value in before.items():
            setattr(self.instance, name, value)


class LoadForm(RepForm):
    """What a rep gets, how much of it and whose: for the team's manager."""

    class Meta:
        model = User
        fields = ["weight", "capacity_open", "capacity_day", "languages", "countries", "skills"]
        labels = PersonForm.Meta.labels
        help_texts = PersonForm.Meta.help_texts


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Team
        fields = ["name", "reps_see_team"]
