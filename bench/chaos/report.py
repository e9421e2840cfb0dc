"""What a run says of itself: a table for people, a JSON file for machines."""

from typing import Any


def table(row: dict[str, Any]) -> str:
    """The run as lines of two columns, what is wrong below."""
    lines = [f"{name:<26} {_said(value)}" for name, value in row.items() if name not in ("findings", "faults", "log")]
    lines.insert(0, f"{'faults done':<26} {_said(row['faults'])}")
    lines.append(f"{'result':<26} {'everything holds' if not row['findings'] else 'BROKEN'}")
    return "\n".join(["", *lines, *(f"  {one}" for one in row["findings"])])


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
