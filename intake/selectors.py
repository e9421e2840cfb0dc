"""What the import pages show."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from core import csvsafe
from funnels.models import Stage
from funnels.selectors import pipelines
from intake.errors import FileProblem
from intake.kinds import KINDS
from intake.kinds.base import Kind
from intake.models import ImportIssue, ImportRun
from intake.reader import shape_read
from intake.rules import DATE_FORMATS


def kinds_of(user: Any) -> list[Kind]:
    """What a person may import."""
    return [kind for kind in KINDS.values() if user.has_role(*kind.roles)]


def runs_of(user: Any) -> QuerySet[ImportRun]:
    """The imports a person may see, of the kinds that they may import."""
    names = [kind.name for kind in kinds_of(user)]
    return ImportRun.objects.visible_to(user).filter(kind__in=names).select_related("by")


def issues_first(run: ImportRun, count: int = 100) -> list[ImportIssue]:
    return list(run.issues.order_by("line")[:count])


def mapping_rows(run: ImportRun) -> list[dict[str, Any]]:
    """One row a column: what it is called, what it is mapped to, what stands in it."""
    kind = KINDS[run.kind]
    try:
        shape = shape_read(run.full_path, encoding=run.encoding, delimiter=run.delimiter, sample=200)
    except (FileProblem, OSError):
        shape = None
    rows = []
    for place, column in enumerate(run.header):
        target = run.mapping.get(column, "")
        seen = list(dict.fromkeys(row[place].strip() for row in shape.sample)) if shape else []
        choices = [(spec.name, spec.label) for spec in kind.fields]
        if kind.custom:
            choices += _custom(column, target)
        rows.append(
            {
                "place": place,
                "column": column,
                "target": target,
                "choices": choices,
                "seen": [value[:40] for value in seen if value][:4],
            }
        )
    return rows


def _custom(column: str, target: str) -> list[tuple[str, str]]:
    from intake.guess import custom_key

    key = target.split(":")[1] if target.startswith("custom:") else custom_key(column)
    words = {"text": "text", "number": "number", "bool": "yes or no", "date": "date"}
    return [(f"custom:{key}:{type_}", f"Own field {key} ({word})") for type_, word in words.items()]


def date_choices(run: ImportRun) -> list[tuple[str, str]]:
    """Date formats with an example, those that fit the file first."""
    fitting = run.options.get("choices", [])
    order = [*fitting, *(name for name in DATE_FORMATS if name not in fitting)]
    return [(name, f"{name} (such as {DATE_FORMATS[name][1]})") for name in order]


def rejected_lines(run: ImportRun) -> Iterator[str]:
    """The rejected rows as CSV, with line and reason before the cells; corrected, the file can be imported again."""

    def rows() -> Iterator[list[Any]]:
        yield ["line", "reason", *run.header]
        for issue in run.issues.order_by("line").iterator(2000):
            reason = f"{issue.field}: {issue.reason}".removeprefix(": ")
            yield [issue.line, reason, *(issue.row or [issue.excerpt])]

    return csvsafe.lines(rows(), bom=True)


def stage_rows(run: ImportRun) -> dict[str, Any]:
    """The stage names of a file of deals, and the stages that they can mean."""
    if run.kind != "deals":
        return {}
    pipeline = pipelines().first()
    stages = Stage.objects.filter(funnel=pipeline, is_active=True).order_by("position")
    return {
        "choices": [(stage.key, stage.name) for stage in stages],
        "words": [(place, word, key) for place, (word, key) in enumerate(run.options.get("stages", {}).items())],
    }
