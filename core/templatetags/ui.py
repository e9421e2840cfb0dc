"""Template tags of the component set: see docs/components.md and /styleguide/. Forms, tables and charts are here;
filters, small marks and larger parts in the files beside it, all registered as one library."""

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect

from core import charts
from core.templatetags import formats, marks, parts

register = template.Library()
for library in (formats.register, marks.register, parts.register):
    register.tags.update(library.tags)
    register.filters.update(library.filters)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """A form field with label, control, help and errors, tied together for screen readers."""
    widget = bound.field.widget
    described = [f"{bound.id_for_label}-error"] if bound.errors else []
    if bound.help_text or hint:
        described.append(f"{bound.id_for_label}-help")
    attrs: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": hint or bound.help_text,
        "check": isinstance(widget, CheckboxInput),
        "group": isinstance(widget, (RadioSelect, CheckboxSelectMultiple)),
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """What is wrong with the form as a whole."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Any) -> dict[str, Any]:
    """Errors of the whole, hidden and visible fields of a form, in its order."""
    return {"form": form}


@register.inclusion_tag("components/empty.html")
def empty(title: str, text: str = "", icon: str = "inbox", url: str = "", label: str = "") -> dict[str, Any]:
    """An empty page that teaches the next step."""
    return {"title": title, "text": text, "icon": icon, "url": url, "label": label}


@register.inclusion_tag("components/tile.html")
def tile(
    label: str,
    value: Any,
    definition: str = "",
    url: str = "",
    note: str = "",
    tone: str = "",
) -> dict[str, Any]:
    """A number: what it is (shown on hover and focus), where its rows are, and one line beneath it.

    ``tone`` colours the note: good, warn, bad.
    """
    return {"label": label, "value": value, "definition": definition, "url": url, "note": note, "tone": tone}


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_link(
    context: dict[str, Any], key: str, label: str, current: str = "", numeric: bool = False
) -> dict[str, Any]:
    """A table head that sorts: ``<th>`` with a link that keeps the other filters. ``-key`` is descending."""
    request = context["request"]
    params = request.GET.copy()
    params.pop("cursor", None)
    params["sort"] = key if current == f"-{key}" else f"-{key}"
    direction = {"": "none", key: "ascending", f"-{key}": "descending"}.get(current, "none")
    return {"url": f"?{params.urlencode()}", "label": label, "direction": direction, "numeric": numeric}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: dict[str, Any], next_cursor: str = "", target: str = "") -> dict[str, Any]:
    """Newer and older pages by cursor; filters stay in the address. ``target`` swaps only that element."""
    request = context["request"]
    params = request.GET.copy()
    params.pop("cursor", None)
    first = f"{request.path}?{params.urlencode()}"
    params["cursor"] = next_cursor
    older = f"{request.path}?{params.urlencode()}" if next_cursor else ""
    return {"first": first if request.GET.get("cursor") else "", "older": older, "target": target}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str = "") -> dict[str, Any]:
    """A bar for long work, with the numbers in words."""
    return {"done": done, "total": total or 1, "label": label, "share": min(1, done / total) if total else 0}


@register.inclusion_tag("components/chart.html")
def chart(chart: Any) -> dict[str, Any]:
    """A ``core.charts.Chart`` with its table behind it."""
    return {"chart": chart}


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Any, label: str = "") -> dict[str, Any]:
    return {"points": charts.sparkline(list(values)), "label": label}
