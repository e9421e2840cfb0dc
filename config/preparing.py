"""What must be there before the first process starts: database, static files, and on the first start the demo
company. Each is skipped when nothing changed, so that a second start is quick."""

import hashlib
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from django.conf import settings

Command = Callable[..., str]  # runs ``manage.py`` with these words and gives back what it printed


def _digest(paths: Iterable[Path], *, content: bool) -> str:
    found = hashlib.sha256()
    for path in sorted(paths):
        stat = path.stat()
        found.update(f"{path}\0{stat.st_size}\0{'' if content else stat.st_mtime_ns}\0".encode())
        found.update(path.read_bytes() if content else b"")
    return found.hexdigest()


class Preparing:
    """``say`` tells the person what takes time."""

    def __init__(self, manage: Command, say: Callable[[str], None]) -> None:
        self.manage, self.say = manage, say
        self.base, self.var = Path(settings.BASE_DIR), Path(settings.VAR_DIR)
        self.marks = self.var / "run"
        self.logins = self.marks / "demo-logins"
        self.unfinished = self.marks / "first-start"

    def everything(self, *, empty: bool) -> None:
        database = self.var / "baton.sqlite3"
        self.marks.mkdir(parents=True, exist_ok=True)
        if settings.EMBEDDED and not database.exists():
            self.logins.unlink(missing_ok=True)
            self.unfinished.touch()  # until the demo company is in, even if this start is interrupted
        self.once("migrated", self._code(), self.migrate, skip=settings.EMBEDDED and self.migrations_are_in(database))
        self.once("static", self._static(), self.collect_static, skip=(self.var / "static").is_dir())
        if not empty and settings.DEMO_ALLOWED and (self.unfinished.exists() or not settings.EMBEDDED):
            self.demo()
        self.unfinished.unlink(missing_ok=True)

    def once(self, name: str, state: str, do: Callable[[], None], *, skip: bool) -> None:
        """Do it unless ``skip``, and unless it was done for this very state."""
        mark = self.marks / name
        if skip and mark.exists() and mark.read_text() == state:
            return
        do()
        mark.write_text(state)

    def _code(self) -> str:
        """Changes with what is installed; our own migrations are compared one by one."""
        return _digest([self.base / "requirements.txt"], content=True) + sys.version

    def _static(self) -> str:
        files = [path for path in (self.base / "static").rglob("*") if path.is_file()]
        return _digest(files, content=False) + self._code()

    def migrations_are_in(self, database: Path) -> bool:
        """True when the database has every migration of ours. Asked without Django, which would take a second."""
        wanted = {(path.parts[-3], path.stem) for path in self.base.glob("*/migrations/[0-9]*.py")}
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                return wanted <= set(connection.execute("SELECT app, name FROM django_migrations"))
        except sqlite3.Error:
            return False

    def migrate(self) -> None:
        self.say("Preparing the database ...")
        self.manage("migrate", "--noinput", "--verbosity", "0")

    def collect_static(self) -> None:
        self.say("Preparing the static files ...")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")

    def demo(self) -> None:
        if not self.logins.exists():
            self.say("Loading the demo company ...")
            self.manage("demo")
            self.logins.write_text(self.manage("demo", "--print-logins"))
