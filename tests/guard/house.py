"""The house as the guards see it: its rooms in order (from the import contract, the one place) and its files."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOT_ROOMS = {"tests", "bench"}


@cache
def linter() -> dict[str, Any]:
    with open(ROOT / "pyproject.toml", "rb") as file:
        settings: dict[str, Any] = tomllib.load(file)["tool"]["importlinter"]
    return settings


def levels() -> dict[str, int]:
    """Room -> its floor, 0 at the ground. Rooms on one line of the contract share a floor."""
    layers = next(contract["layers"] for contract in linter()["contracts"] if contract["type"] == "layers")
    return {
        room.strip(): floor
        for floor, line in enumerate(reversed(layers))
        for room in line.replace(":", "|").split("|")
    }


@cache
def tracked() -> list[Path]:
    """The project's files: tracked, or new and not ignored. Without git, all but the usual leftovers."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return sorted(path for name in set(listed.stdout.split("\0")) if name and (path := ROOT / name).is_file())
    skipped = {".venv", "var", "build", "__pycache__", ".git"}
    return sorted(
        path for path in ROOT.rglob("*") if path.is_file() and not skipped & set(path.relative_to(ROOT).parts)
    )


def files(*suffixes: str, under: tuple[str, ...] = (), outside: tuple[str, ...] = ()) -> dict[str, str]:
    """Relative name -> text of the tracked files with those suffixes, in (or not in) folders of those names."""
    found = {}
    for path in tracked():
        name = path.relative_to(ROOT)
        if (
            path.suffix in suffixes
            and not set(outside) & set(name.parts)
            and (not under or set(under) & set(name.parts))
        ):
            found[str(name)] = path.read_text(encoding="utf-8")
    return found
