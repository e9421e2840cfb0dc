"""What people type about a deal, a task, a product."""

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from core.widgets import MomentField
from deals.access import sees_prices
from deals.models import Product
from deals.rules import TEXT_LIMITS
from deals.selectors import lost_reasons, owners
from funnels.models import Funnel, Stage
from funnels.selectors import pipelines
from leads.forms.logged import LoggedForm
from leads.models import Company, Lead
from leads.selectors.companies import companies_seen_by


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def amount_field(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, **options)


def text_field(name: str, *, label: str = "", lines: int = 0) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": lines}) if lines else forms.TextInput()
    return forms.CharField(label=label or None, required=False, max_length=TEXT_LIMITS[name], widget=widget)


class SeqForm(forms.Form):
    """``seq``: the move that the person saw last; a newer one is a conflict."""

    seq = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class MoveForm(SeqForm):
    stage = forms.ModelChoiceField(
        Stage.objects.select_related("funnel").filter(funnel__kind=Funnel.Kind.SALES), widget=forms.HiddenInput
    )


class DealEditForm(forms.Form):
    """Any of a deal's facts; only those that were posted are taken."""

    name = text_field("name")
    amount = amount_field(required=False)
    currency = forms.CharField(required=False, min_length=3, max_length=3)
    expected_close = forms.DateField(required=False, widget=Day)
    budget = text_field("budget", lines=2)
    authority = text_field("authority", lines=2)
    need = text_field("need", lines=2)
    timeline = text_field("timeline", lines=2)
    next_step = text_field("next_step", label="Next step")
    next_step_at = MomentField(label="By", required=False)

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}


class DealNewForm(forms.Form):
    name = forms.CharField(required=False, max_length=160, help_text="Empty: company and person")
    lead = forms.ModelChoiceField(Lead.objects.none(), required=False, widget=forms.HiddenInput)
    company = forms.ModelChoiceField(Company.objects.none(), required=False, widget=forms.HiddenInput)
    lead_email = forms.EmailField(label="E-mail of the person", required=False)
    company_name = forms.CharField(label="Company", required=False, max_length=160)
    pipeline = forms.ModelChoiceField(Funnel.objects.none(), required=False, empty_label="The default one")
    amount = amount_field(required=False)
    currency = forms.CharField(required=False, min_length=3, max_length=3)
    expected_close = forms.DateField(required=False, widget=Day)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("lead", Lead.objects.visible_to(user).select_related("company"))
        self._offer("company", companies_seen_by(user))
        self._offer("pipeline", pipelines())
        self.user = user
        self.fields["currency"].initial = settings.CURRENCY

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field: Any = self.fields[name]
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("lead_email") and not given.get("lead"):
            email = given["lead_email"].strip().lower()
            found = Lead.objects.visible_to(self.user).select_related("company").filter(email__iexact=email).first()
            given["lead"] = found
            if found is None:
                self.add_error(
                    "lead_email", "No lead that you see has this e-mail. Leave it empty or add the lead first."
                )
        if given.get("company_name") and not given.get("company"):
            given["company"] = self._company(given["company_name"].strip())
            if given["company"] is None:
                self.add_error("company_name", "You see no company of this name.")
        return given

    def _company(self, name: str) -> Company | None:
        return companies_seen_by(self.user).filter(name__iexact=name).first()

    def values(self) -> dict[str, Any]:
        unused = ("lead_email", "company_name")
        return {name: value for name, value in self.cleaned_data.items() if name not in unused}


class WinForm(SeqForm):
    amount = amount_field(required=False)


class LoseForm(SeqForm):
    reason = forms.ModelChoiceField(lost_reasons(), required=False, empty_label="Choose why")
    objection = text_field("objection", label="What they said", lines=2)
    nurture = forms.BooleanField(
        label="Back to marketing",
        required=False,
        help_text="The lead starts again at Interest, in its next cycle; else it stays where it is",
    )


class LogForm(LoggedForm):
    kind = forms.ChoiceField(
        choices=[("call", "Call"), ("email", "E-mail"), ("meeting", "Meeting"), ("note", "Note")]
    )
    text = forms.CharField(label="What was said", required=False, max_length=4000, widget=forms.Textarea({"rows": 2}))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("kind") == "note" and not given.get("text") and "text" not in self.errors:
            self.add_error("text", "A note without words says nothing.")
        return given

    def facts(self) -> dict[str, Any]:
        """What is kept with the activity."""
        names = ("text", "minutes") if self.cleaned_data["kind"] == "call" else ("text",)
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}


class TaskForm(forms.Form):
    title = forms.CharField(label="Task", max_length=200)
    due_at = MomentField(label="By")


class SnoozeForm(forms.Form):
    until = MomentField()


class AssignForm(forms.Form):
    owner = forms.ChoiceField()

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(one.pk): one for one in owners(user)}
        field: Any = self.fields["owner"]
        field.choices = [(key, str(one)) for key, one in self.people.items()]

    def chosen(self) -> Any:
        return self.people[self.cleaned_data["owner"]]


class ProductsForm(forms.Form):
    products = forms.ModelMultipleChoiceField(
        Product.objects.filter(is_active=True), required=False, widget=forms.CheckboxSelectMultiple
    )


class ProductForm(forms.Form):
    sku = forms.CharField(label="SKU", max_length=60)
    name = forms.CharField(max_length=120)
    series = forms.CharField(required=False, max_length=80)
    price = amount_field()
    currency = forms.CharField(min_length=3, max_length=3)
    is_active = forms.BooleanField(label="For sale", required=False, initial=True)


def edit_form(deal: Any, user: Any, data: Any = None, *, where: str = "edit") -> DealEditForm:
    """The facts of a deal to edit; without the amount for somebody who may not see it. ``where`` begins the ids:
    a dialog may be open over the page that has the same fields."""
    values = {name: getattr(deal, name) for name in DealEditForm.base_fields}
    form = DealEditForm(data, initial=values, auto_id=f"{where}-%s")
    if not sees_prices(user):
        del form.fields["amount"], form.fields["currency"]
    return form
