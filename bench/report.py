"""``python -m bench report``: the last figures as Markdown, each beside its target."""

import platform
from typing import Any

from bench.results import every

PAGE_TARGETS = {
    "queue, 50 rows": (25, 8),
    "leads list, stage, best first": (60, None),
    "leads list, owner, best first": (60, None),
    "leads list, owner and stage": (60, None),
    "funnel dashboard": (100, None),
    "sales dashboard": (100, None),
    "marketing dashboard": (100, None),
    "contract": (100, None),
}
RATES = {
    "intake: capture, 1 client": ("per_s", 150),
    "intake: lead, 1 client": ("per_s", 150),
    "rescore: rescore": ("leads_per_s", 75_000),
    "handoffs: handed over": ("per_s", 2_000),
    "import: 100,000 rows": ("rows_per_s", 20_000),
    "import: 1,000,000 rows": ("rows_per_s", 20_000),
}


def report() -> str:
    found = every()
    return "\n".join([_machine(), "", *_pages(found), "", *_rest(found)])


def _machine() -> str:
    import os

    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, Python {platform.python_version()}."


def _pages(found: dict[str, Any]) -> list[str]:
    out = [
        "| page | p50 / p95 ms | target p95 | SQL | web CPU ms | own SQL bare p50 / p95 | floor p50 / p95 | load |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        if not name.startswith("page: "):
            continue
        target, queries = PAGE_TARGETS.get(name.removeprefix("page: "), (None, None))
        cells = [
            name.removeprefix("page: "),
            f"{row['page']['p50']} / {row['page']['p95']}",
            _said(row["page"]["p95"], target, most=True),
            _said(row["queries"], queries, most=True) if queries else str(row["queries"]),
            str(row.get("web_cpu_ms", "")),
            *(f"{row[kind]['p50']} / {row[kind]['p95']}" for kind in ("own", "floor")),
            str(row["load"]),
        ]
        out.append(f"| {' | '.join(cells)} |")
    return out


def _said(value: float, target: float | None, *, most: bool) -> str:
    if target is None:
        return ""
    met = value <= target if most else value >= target
    return f"{'≤' if most else '≥'} {target:,}: {value:,} {'met' if met else '**missed**'}"


def _rest(found: dict[str, Any]) -> list[str]:
    out = ["| what | measured | target |", "|---|---|---|"]
    for name, row in found.items():
        if name.startswith("page: "):
            continue
        key, target = RATES.get(name, ("", None))
        said = ", ".join(f"{label} {value}" for label, value in row.items())
        out.append(f"| {name} | {said} | {_said(row[key], target, most=False) if key else ''} |")
    return out
