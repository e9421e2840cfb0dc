"""Private servers on unix sockets in a temporary folder; they die with the process that started them."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote

from core.processes import die_with_parent
from tests.machinery import needs


def short_folder(prefix: str) -> Path:
    """A new private folder whose path is short enough for a unix socket in it (at most 107 bytes)."""
    folder = tempfile.mkdtemp(prefix=prefix)
    if len(folder) > 60:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
    return Path(folder)


class PrivatePostgres:
    """A throw-away cluster. Nothing on the machine is touched, nothing listens on the network.

    PostgreSQL refuses to run as root: then it runs as ``postgres``, or as ``nobody`` where there is no such user.
    ``fsync`` is off: a power cut would lose this data, which is thrown away anyhow.
    """

    MIGRATED = "migrated"  # nobody connects to it but who migrates it: it is copied
    SETTINGS = {
        "listen_addresses": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "autovacuum_naptime": "20s",
        "log_min_messages": "fatal",
        "log_min_error_statement": "fatal",
    }

    def __init__(self) -> None:
        found = needs.postgres_bin()
        if found is None:
            raise needs.Missing("PostgreSQL's server is not there.")
        self.bin = found
        self.owner = self._unprivileged()
        self.folder = short_folder("baton-pg-")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of("baton")

    def url_of(self, database: str) -> str:
        return f"postgres://baton@{quote(str(self.folder), safe='')}/{database}"

    @staticmethod
    def _unprivileged() -> pwd.struct_passwd | None:
        if os.geteuid():
            return None
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        return names.get("postgres") or names["nobody"]

    def _run_as(self) -> dict[str, object]:
        if self.owner is None:
            return {}
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}

    def __enter__(self) -> Self:
        if self.owner:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        data = self.folder / "data"
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", "baton", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            env=environment,
            cwd="/",
            **self._run_as(),  # type: ignore[call-overload]
        )
        options = [word for name, value in self.SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [self.bin / "postgres", "-D", data, "-k", self.folder, *options],
            env=environment,
            cwd="/",
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),
            **self._run_as(),  # type: ignore[call-overload]
        )
        self._create_database()
        return self

    def _create_database(self) -> None:
        import psycopg2

        end = time.monotonic() + 20
        while True:
            try:
                connection = psycopg2.connect(host=str(self.folder), user="baton", dbname="postgres")
                break
            except psycopg2.OperationalError:
                if time.monotonic() > end or (self.process and self.process.poll() is not None):
                    raise
                time.sleep(0.05)
        connection.autocommit = True
        for name in ("baton", self.MIGRATED):
            connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)  # "fast": roll back, disconnect, stop
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
