"""The programs that the tests need and pip cannot bring: found, installed by apt where that may be done, or named."""

import os
import re
import shutil
import subprocess
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
POSTGRES_PLACES = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
]


class Missing(Exception):
    """A program is not there and could not be installed; the message says what to do."""


def postgres_bin() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest version first; $BATON_POSTGRES_BIN goes before all."""
    places = [Path(place) for pattern in POSTGRES_PLACES for place in glob(pattern)]
    places.sort(key=lambda place: float(re.sub(r"[^0-9.]", "", place.parent.name) or 0), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        places.append(Path(on_path).parent)
    if named := os.environ.get("BATON_POSTGRES_BIN"):
        places = [Path(named)]
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def chromium() -> str | None:
    """The browser's path; $BATON_CHROMIUM goes before all."""
    named = os.environ.get("BATON_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def sample_data() -> Path | None:
    """The folder with the files of real data, which are no part of the repository: $BATON_SAMPLE_DATA, or
    ``shared/data`` beside the clone (a worktree stands one level deeper). None when it is not here: the tests on it
    are left out then, and that is said."""
    named = os.environ.get("BATON_SAMPLE_DATA")
    places = [Path(named)] if named else [ROOT.parent / "shared" / "data", ROOT.parent.parent / "shared" / "data"]
    return next((place for place in places if place.is_dir()), None)


def require(*, browser: bool = True, postgres: bool = True) -> None:
    """Make PostgreSQL's server and Chromium available, as asked.

    As root on a Debian they are installed by apt; elsewhere Missing is raised and says what to install.
    """
    absent = _absent(browser, postgres)
    packages = [package for names in absent.values() for package in names]
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        _apt(packages)
        absent = _absent(browser, postgres)
    if absent:
        raise Missing(
            f"The tests need {' and '.join(absent)}. On Debian or Ubuntu: sudo apt-get install {' '.join(packages)}. "
            "Elsewhere install PostgreSQL 14 or newer and Chromium, and if they are not found name them: "
            "BATON_POSTGRES_BIN=/folder/with/initdb BATON_CHROMIUM=/path/to/chromium."
        )


def _absent(browser: bool, postgres: bool) -> dict[str, list[str]]:
    """What is not there, with the Debian packages that bring it."""
    absent = {}
    if postgres and postgres_bin() is None:
        absent["PostgreSQL's server"] = ["postgresql"]
    if browser and chromium() is None:
        absent["Chromium"] = ["chromium", "fonts-dejavu-core"]
    return absent


def _apt(packages: list[str]) -> None:
    print(f"Installing {', '.join(packages)} ...", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-qq", *words], env=quiet, capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"apt-get {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
