"""The PostgreSQL that is measured: the one of DATABASE_URL, or a private cluster that keeps its data between runs."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from urllib.parse import quote

# Durable as a team would run it (fsync, full_page_writes and synchronous_commit stay on), sized for a small machine.
SETTINGS = """
listen_addresses = ''
shared_buffers = 2GB
work_mem = 64MB
maintenance_work_mem = 512MB
random_page_cost = 1.1
effective_cache_size = 8GB
max_wal_size = 8GB
checkpoint_timeout = 30min
max_connections = 60
"""


def folder() -> Path:
    """Where the private cluster and the scratch files live: BATON_BENCH_DIR, or a folder of the system's temp."""
    return Path(os.environ.get("BATON_BENCH_DIR") or Path(tempfile.gettempdir()) / "baton-bench")


def binaries() -> Path:
    """Where PostgreSQL's programs are. Raises SystemExit when there are none."""
    named = os.environ.get("BATON_POSTGRES_BIN")
    found = [Path(named)] if named else [Path(one) for one in sorted(glob("/usr/lib/postgresql/*/bin"))]
    if not found and (on_path := shutil.which("postgres")):
        found = [Path(on_path).parent]
    if not found:
        raise SystemExit("No PostgreSQL server found: install it, set BATON_POSTGRES_BIN, or give DATABASE_URL.")
    return found[-1]


def as_owner(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    """As an unprivileged user, because the server refuses root."""
    if os.geteuid() == 0:
        who = {entry.pw_name: entry for entry in pwd.getpwall()}
        owner = who.get("postgres") or who["nobody"]
        more |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return subprocess.run([str(word) for word in words], text=True, cwd="/", **more)  # type: ignore[call-overload, no-any-return]


def make(data: Path, place: Path, settings: str = SETTINGS) -> None:
    """A new cluster in ``data``, whose socket is there too."""
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    data.mkdir()
    if os.geteuid() == 0:
        who = {entry.pw_name: entry for entry in pwd.getpwall()}
        owner = who.get("postgres") or who["nobody"]
        os.chown(data, owner.pw_uid, owner.pw_gid)
    words = ["-U", "baton", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    as_owner(binaries() / "initdb", "-D", data, *words, check=True, stdout=subprocess.DEVNULL)
    with (data / "postgresql.conf").open("a") as file:
        file.write(settings + f"unix_socket_directories = '{data}'\n")


@contextmanager
def cluster() -> Iterator[None]:
    """DATABASE_URL points at a running server inside; a private server that we started stops afterwards."""
    place = folder()
    os.environ.setdefault("BATON_VAR", str(place / "var"))
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
    os.environ.setdefault("BATON_HTTPS", "0")  # no proxy stands before the measured server
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if os.environ.get("DATABASE_URL"):
        yield
        return
    data = place / "pg"
    if not data.exists():
        make(data, place)
    os.environ["DATABASE_URL"] = f"postgres://baton@{quote(str(data), safe='')}/baton"
    control = [binaries() / "pg_ctl", "-D", data]
    ours = bool(as_owner(*control, "status", stdout=subprocess.DEVNULL).returncode)
    try:
        if ours:
            as_owner(*control, "-w", "-l", data / "server.log", "start", check=True, stdout=subprocess.DEVNULL)
        as_owner(binaries() / "createdb", "-h", data, "-U", "baton", "baton", stderr=subprocess.DEVNULL)
        yield
    finally:
        if ours:
            as_owner(*control, "-w", "-m", "fast", "stop", stdout=subprocess.DEVNULL)
