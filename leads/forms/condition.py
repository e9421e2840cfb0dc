"""The condition as a form field: any room's form can hold one.

``ConditionField()`` in a ModelForm or Form gives a builder (own JavaScript over a JSON textarea; without
JavaScript the textarea itself). Its clean value is the checked condition; ``{}`` means everybody.
"""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from core.errors import Refused
from leads.conditions import condition_check, condition_sentence

MAX_CHARS = 20_000


class ConditionWidget(forms.Textarea):
    """The builder. ``preview=False`` leaves the "matches N of your leads" line out; ``facts_only=True`` offers
    no deeds (for policies that are judged without a history)."""

    template = "leads/_condition_builder.html"
    is_condition = True

    def __init__(
        self, attrs: dict[str, Any] | None = None, *, preview: bool = True, facts_only: bool = False
    ) -> None:
        super().__init__({"rows": 4, "spellcheck": "false", "autocomplete": "off", **(attrs or {})})
        self.preview, self.facts_only = preview, facts_only

    def format_value(self, value: Any) -> str:
        if value in (None, "", {}):
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        return render_to_string(
            self.template,
            {
                "textarea": super().render(name, value, attrs, renderer),
                "preview": self.preview,
                "facts_only": self.facts_only,
                "sentence": _sentence(self.format_value(value)),
            },
        )


def _sentence(text: str) -> str:
    try:
        return condition_sentence(condition_check(json.loads(text or "{}")))
    except (Refused, ValueError, RecursionError):
        return ""


class ConditionField(forms.CharField):
    """A condition. Cleans to the checked dict; errors name the part that is wrong (``condition.all[1].value``)."""

    widget = ConditionWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:  # type: ignore[override]
        if value in (None, "", {}):
            return {}
        if not isinstance(value, str):
            return value
        if len(value) > MAX_CHARS:
            raise ValidationError(f"At most {MAX_CHARS:,} characters.", code="max_length")
        text = value.strip()
        if not text:
            return {}
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.", code="json"
            ) from None
        except (ValueError, RecursionError):
            raise ValidationError("Not JSON that can be read.", code="json") from None

    def clean(self, value: Any) -> Any:
        found = self.to_python(value)
        try:
            checked = condition_check(found)
        except Refused as refusal:
            said = f"{refusal.field}: {refusal.message}".removeprefix(": ")
            raise ValidationError(said, code="condition", params={"at": refusal.field}) from None
        if self.required and not checked:
            raise ValidationError(self.error_messages["required"], code="required")
        return checked

    def prepare_value(self, value: Any) -> Any:
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except ValidationError:
            return True
