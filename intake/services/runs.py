"""The life of a run: made from a file, mapped by a person, checked, started, cancelled."""

import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from intake.errors import FileProblem
from intake.guess import Guess, mapping_guess
from intake.kinds import kind_get
from intake.kinds.base import Kind
from intake.kinds.deals import stage_proposal
from intake.models import LEASE_SECONDS, ImportIssue, ImportKey, ImportRun
from intake.reader import Shape, shape_read
from intake.rules import DATE_FORMATS
from leads.models import CustomField

CUSTOM = re.compile(r"custom:([a-z0-9][a-z0-9_-]{0,59}):(text|number|bool|date)\Z")


def run_create(
    *,
    kind: str,
    by: Any,
    path: Path | None = None,
    upload: File | None = None,
    encoding: str = "",
    delimiter: str = "",
) -> tuple[ImportRun, Guess, Shape]:
    """Keep the file (an upload) or its place (``path``), look at it and propose a mapping. Nothing is imported.

    Raises Refused when it cannot be read as a table, is too large, or the person may not import this kind.
    """
    chosen = kind_get(kind)
    if by is not None and not by.has_role(*chosen.roles):
        raise Refused(f"Importing {chosen.label.lower()} is for {' and '.join(chosen.roles)}s.", field="kind")
    run = ImportRun(kind=kind, by=by)
    if upload is not None:
        _upload(run, upload)
    else:
        assert path is not None
        if not path.is_file():
            raise Refused(f"There is no file {path}.", field="file")
        run.path, run.file_name, run.size = str(path.resolve()), path.name[:200], path.stat().st_size
    try:
        shape = shape_read(run.full_path, encoding=encoding, delimiter=delimiter)
    except FileProblem as problem:
        if run.file:
            run.file.delete(save=False)
        raise Refused(str(problem), field="file") from None
    guess = guess_of(chosen, shape)
    run.encoding, run.delimiter, run.header = shape.encoding, shape.delimiter, shape.header
    run.mapping, run.date_format = guess.mapping, guess.date_format
    run.options = {"empty": guess.empty, "choices": guess.date_choices, "said": [*shape.notes, *guess.notes]}
    if kind == "deals":
        run.options["stages"] = stage_proposal(column_values(shape, guess.mapping, "stage"))
    run.save()
    return run, guess, shape


def _upload(run: ImportRun, upload: File) -> None:
    limit = settings.UPLOAD_LIMIT_MB * 1024 * 1024
    if (upload.size or 0) > limit:
        raise Refused(f"The file is larger than {settings.UPLOAD_LIMIT_MB:,} MB.", field="file")
    run.file_name, run.size = Path(str(upload.name)).name[:200] or "upload.csv", upload.size or 0
    # the person's file name never becomes a path
    run.file.save(f"{db_now():%Y%m%d%H%M%S}.csv", upload, save=False)


def guess_of(kind: Kind, shape: Shape) -> Guess:
    return mapping_guess(shape.header, shape.sample, kind.synonyms, kinds=kind.contents, custom=kind.custom)


def column_values(shape: Shape, mapping: dict[str, str], target: str) -> list[str]:
    """The different values in the column that is mapped to ``target``, as far as the sample goes."""
    for place, name in enumerate(shape.header):
        if mapping.get(name) == target:
            return sorted({row[place].strip() for row in shape.sample} - {""})[:100]
    return []


def run_map(
    run: ImportRun,
    *,
    mapping: dict[str, str],
    date_format: str = "",
    stages: dict[str, str] | None = None,
    empty: list[str] | None = None,
) -> None:
    """What the person says the columns are. Raises Refused naming what is missing or wrong."""
    if run.state not in (ImportRun.State.DRAFT, ImportRun.State.CHECKED):
        raise Conflict("This import has been started already.")
    kind = kind_get(run.kind)
    unknown = [name for name in mapping if name not in run.header]
    if unknown:
        raise Refused(
            f"The file has no column {unknown[0]!r}. It has: {', '.join(run.header)}."[:500], field="mapping"
        )
    full = {name: mapping.get(name, "") for name in run.header}
    dated = _targets_check(kind, full)
    problem = kind.mapping_problem(set(full.values()))
    if problem:
        raise Refused(problem, field="mapping")
    if date_format and date_format not in DATE_FORMATS:
        raise Refused(f"A date format is one of {', '.join(DATE_FORMATS)}.", field="date_format")
    if dated and not date_format:
        raise Refused(f"Say how the dates in {dated[0]!r} are written.", field="date_format")
    run.mapping, run.date_format = full, date_format
    run.options = {**run.options, "stages": stages if stages is not None else run.options.get("stages", {})}
    if empty is not None:
        run.options["empty"] = empty
    run.state = ImportRun.State.DRAFT
    run.save(update_fields=["mapping", "date_format", "options", "state"])


def _targets_check(kind: Kind, mapping: dict[str, str]) -> list[str]:
    """The columns that hold dates. Raises Refused for a target there is not, or one named twice."""
    seen: dict[str, str] = {}
    dated = []
    for column, target in mapping.items():
        if not target:
            continue
        key = ":".join(target.split(":")[:2])
        if key in seen:
            raise Refused(f"{seen[key]!r} and {column!r} are both mapped to {key}.", field="mapping")
        seen[key] = column
        spec = kind.spec(target)
        custom = CUSTOM.match(target) if kind.custom else None
        if spec is None and custom is None:
            raise Refused(f"{column!r} is mapped to {target[:60]!r}, which {kind.name} do not have.", field="mapping")
        if (spec and spec.type == "date") or (custom and custom[2] == "date"):
            dated.append(column)
    return dated


@transaction.atomic
def run_check(run: ImportRun, *, hold: bool = False) -> None:
    """Start the dry run: everything is judged, nothing is written. ``hold``: the caller runs it, no worker does."""
    _begin(run, ImportRun.State.CHECKING, hold)


@transaction.atomic
def run_start(run: ImportRun, *, hold: bool = False) -> None:
    """Start the import itself. Custom fields that the mapping names are made now. ``hold`` as in ``run_check``."""
    for column, target in run.mapping.items():
        if found := CUSTOM.match(target):
            CustomField.objects.get_or_create(
                key=found[1], defaults={"label": column[:80], "type": found[2], "position": 100}
            )
    _begin(run, ImportRun.State.RUNNING, hold)


def _begin(run: ImportRun, state: str, hold: bool) -> None:
    fresh = dict.fromkeys(("rows_in", "created", "updated", "unchanged", "rejected", "bytes_done", "attempts"), 0)
    allowed = [ImportRun.State.DRAFT, ImportRun.State.CHECKED]
    changed = ImportRun.objects.filter(pk=run.pk, state__in=allowed).update(
        state=state,
        started_at=db_now(),
        finished_at=None,
        cancel_requested=False,
        error="",
        notes={},
        lease_token=uuid.uuid4() if hold else None,
        lease_until=db_now() + timedelta(seconds=LEASE_SECONDS) if hold else None,
        **fresh,
    )
    if not changed:
        raise Conflict("This import has been started already.")
    ImportIssue.objects.filter(run=run).delete()
    ImportKey.objects.filter(run=run).delete()
    run.refresh_from_db()
    if not hold:
        outbox.poke("imports")


def run_cancel(run: ImportRun) -> None:
    """Stop after the chunk that is being written; what is in stays in and is in the report."""
    changed = ImportRun.objects.filter(pk=run.pk, state__in=ImportRun.ACTIVE).update(cancel_requested=True)
    if not changed:
        raise Conflict("This import is not running.")


def run_delete(run: ImportRun) -> None:
    """Throw away an import that wrote nothing, with its file."""
    if run.state not in (ImportRun.State.DRAFT, ImportRun.State.CHECKED, ImportRun.State.FAILED) or run.created:
        raise Conflict("This import has written rows; its report stays.")
    if run.file:
        run.file.delete(save=False)
    run.delete()
