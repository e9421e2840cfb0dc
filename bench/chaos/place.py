"""A house of its own for one run: a folder, a PostgreSQL cluster in it, and an environment that names nothing else.

What the caller's environment says of databases, brokers and mail servers is not looked at, so that no real one can be
hit by mistake: whatever is killed here was started here, by us.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from bench.cluster import as_owner, binaries, make

# Durable as a team would run it: fsync and synchronous_commit stay on, because a lost commit is what we look for.
SETTINGS = """
listen_addresses = ''
shared_buffers = 256MB
max_connections = 80
max_wal_size = 2GB
log_min_messages = fatal
log_min_error_statement = fatal
"""
OURS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "EMAIL_URL", "SITE_URL", "DEBUG", "LOG_LEVEL"}
OURS |= {"DEFAULT_FROM_EMAIL", "CSRF_TRUSTED_ORIGINS", "WEB_CONCURRENCY", "DJANGO_SETTINGS_MODULE"}
KEPT = {"BATON_POSTGRES_BIN", "BATON_VENV", "BATON_BENCH_DIR"}
SKEWED = Path(__file__).parent / "skewed"


class Place:
    def __init__(self, *, port: int = 0, skew: int = 0) -> None:
        self.folder = Path(
            tempfile.mkdtemp(prefix="baton-chaos-", dir=None if len(tempfile.gettempdir()) < 40 else "/tmp")
        )
        self.folder.chmod(0o755)  # the cluster inside has another owner
        self.var, self.data = self.folder / "var", self.folder / "pg"
        self.var.mkdir()
        self.port = port or _free_port()
        make(self.data, self.folder, SETTINGS)
        self.environment = self._environment(skew)

    def _environment(self, skew: int) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in KEPT or not (name in OURS or name.startswith("BATON_"))
        }
        found = kept | {
            "DATABASE_URL": f"postgres://baton@{quote(str(self.data), safe='')}/baton",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "BATON_VAR": str(self.var),
            "BATON_HTTPS": "0",
            "BATON_BEHIND_PROXY": "1",  # each sender of the client has an address of its own
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
        }
        if skew:
            found["BATON_CHAOS_SKEW"] = f"gunicorn={skew},worker={-skew}"
            found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SKEWED), os.environ.get("PYTHONPATH", "")]))
        return found

    # --- PostgreSQL ------------------------------------------------------------------------------
    def _control(self, *words: str) -> None:
        done = as_owner(binaries() / "pg_ctl", "-D", self.data, "-w", *words, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise SystemExit(f"pg_ctl {' '.join(words)} failed: see {self.data / 'server.log'}")

    def postgres_start(self) -> None:
        self._control("-l", str(self.data / "server.log"), "start")
        as_owner(binaries() / "createdb", "-h", self.data, "-U", "baton", "baton", stderr=subprocess.DEVNULL)

    def postgres_restart(self, mode: str) -> float:
        """``fast`` rolls back and closes; ``immediate`` is a crash, and the log is replayed. Seconds it took."""
        began = time.monotonic()
        self._control("-l", str(self.data / "server.log"), "-m", mode, "restart")
        return time.monotonic() - began

    def close(self, *, keep: bool) -> None:
        as_owner(binaries() / "pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop", stdout=subprocess.DEVNULL)
        if keep:
            print(f"Left there: {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
