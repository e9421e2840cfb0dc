"""What was measured, kept in one JSON file beside the cluster, so that the report can be written at any time."""

import json
import time
from typing import Any

from bench.cluster import folder


def every() -> dict[str, Any]:
    path = folder() / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}  # type: ignore[no-any-return]


def load(name: str) -> dict[str, Any]:
    return every().get(name, {})  # type: ignore[no-any-return]


def note(name: str, row: dict[str, Any]) -> None:
    found = every()
    found[name] = row | {"at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / "results.json").write_text(json.dumps(found, indent=1))
