"""Calling a host that a person typed. Never into the house's own network, whatever the name resolves to.

Inside ``only_outside()`` each connection that urllib3 (and so requests) opens in this thread goes only to addresses
that were looked at: the name is resolved once, and the very address that passed is connected to, so a name that
changes its answer meanwhile, an unusual way to write 127.0.0.1 and a redirect gain nothing.

Nor does it last: a side that answers a letter at a time, or without end, is left after ``MOST_SECONDS`` of all calls
together and ``MOST_BYTES`` of one answer. A timeout of requests is only about the pause between two letters.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from django.conf import settings
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse
from urllib3.util import connection as sockets

from core.errors import Refused

_plain: Any = sockets.create_connection
_read: Any = HTTPResponse.stream
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PUBLIC6 = ipaddress.ip_network("2000::/3")  # all that is given out; site-local and IPv4-compatible lie outside
_AZURE = ipaddress.ip_address("168.63.129.16")  # a public number, and the machine's own keeper
MOST_SECONDS = 15.0
MOST_BYTES = 1_000_000
INSIDE = "{host} is an address inside this network. Only hosts on the internet may be called."


@dataclass
class Watch:
    """What was refused while it was on, in words; until when it lasts, on the monotonic clock, and what is open."""

    ends: float
    refused: list[str] = field(default_factory=list)
    doors: list[socket.socket] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.ends

    def shut(self) -> None:
        """Whoever reads from these connections finds their end."""
        for door in list(self.doors):
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[Watch | None] = ContextVar("only_outside", default=None)


def is_outside(text: str) -> bool:
    """True for an IP address of the public internet; addresses that carry another are judged by that."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner: Any = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_outside(str(inner)) and address.teredo is None
        if address not in _PUBLIC6:
            return False
    return address.is_global and not address.is_multicast and address != _AZURE


def addresses_of(host: str, port: int | None) -> list[str]:
    """Where the name leads; [] when nowhere. Raises Refused when any of it is inside the house's network."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not settings.PRIVATE_HOSTS and not all(map(is_outside, addresses)):
        raise Refused(INSIDE.format(host=host))
    return addresses


def _proxies() -> set[tuple[str, int]]:
    """The proxies that the operator set: reaching those, and no other port of theirs, is meant."""
    found = [urlsplit(url) for url in getproxies().values() if "://" in url]
    return {(one.hostname or "", one.port or (443 if one.scheme == "https" else 80)) for one in found}


def _create(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
    watch = _watch.get()
    if watch is None:
        return _plain(address, *args, **kwargs)
    host, port = address
    problem: OSError = socket.gaierror(f"{host} is not known.")
    for one in [host] if address in _proxies() else _judged(watch, host, port):
        if watch.over:
            raise TimeoutError("It took too long.")
        try:
            made: socket.socket = _plain((one, port), *args, **kwargs)
        except OSError as error:
            problem = error
            continue
        watch.doors.append(made.dup())  # TLS takes the socket over; its twin still leads to the same connection
        if watch.over:
            watch.shut()
        return made
    raise problem


def _judged(watch: Watch, host: str, port: int) -> list[str]:
    try:
        return addresses_of(host, port)
    except Refused as refusal:
        watch.refused.append(refusal.message)
        raise OSError(refusal.message) from None


def _stream(self: HTTPResponse, *args: Any, **kwargs: Any) -> Iterator[bytes]:
    watch, took = _watch.get(), 0
    for part in _read(self, *args, **kwargs):
        took += len(part)
        if watch is not None and took > MOST_BYTES:
            raise ProtocolError(f"The answer is longer than {MOST_BYTES:,} bytes.")
        yield part


sockets.create_connection = _create
HTTPResponse.stream = _stream  # type: ignore[method-assign, assignment]


@contextmanager
def only_outside() -> Iterator[Watch]:
    """While it is on, this thread's connections reach the internet only, and for a short time."""
    watch = Watch(ends=time.monotonic() + MOST_SECONDS)
    timer = threading.Timer(MOST_SECONDS, watch.shut)
    timer.daemon = True
    token = _watch.set(watch)
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        _watch.reset(token)
        for door in watch.doors:
            door.close()
