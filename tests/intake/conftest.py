from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intake.models import ImportRun
from intake.services import run_check, run_create, run_execute, run_map, run_start


@pytest.fixture
def bring(db: Any, tmp_path: Path) -> Callable[..., ImportRun]:
    """``bring("leads", "email\\na@b.example\\n")`` imports text, bytes or a path with the guessed mapping."""

    def run_it(kind: str, content: Any, *, dry: bool = False, by: Any = None, **said: Any) -> ImportRun:
        path = content if isinstance(content, Path) else tmp_path / "file.csv"
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        seen = {name: said.pop(name) for name in ("encoding", "delimiter") if name in said}
        run, _, _ = run_create(kind=kind, by=by, path=path, **seen)
        mapping = {**run.mapping, **said.pop("mapping", {})}
        run_map(run, mapping=mapping, date_format=said.pop("date_format", run.date_format), **said)
        (run_check if dry else run_start)(run, hold=True)
        run_execute(run)
        run.refresh_from_db()
        assert run.created + run.updated + run.unchanged + run.rejected == run.rows_in
        assert run.rejected == run.issues.count()
        return run

    return run_it


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.unchanged, run.rejected
