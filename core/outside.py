"""Calling a host that a person typed. Never into the house's own network, whatever the name resolves to.

Inside ``only_outside()`` each connection that urllib3 (and so requests) opens in this thread goes only to addresses
that were looked at: the name is resolved once, and the very address that passed is connected to, so a name that
changes its answer meanwhile, an unusual way to write 127.0.0.1 and a redirect gain nothing.
"""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from django.conf import settings
from urllib3.util import connection as sockets

from core.errors import Refused

_plain: Any = sockets.create_connection
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
INSIDE = "{host} is an address inside this network. Only hosts on the internet may be called."


@dataclass
class Watch:
    """What was refused while it was on, in words."""

    refused: list[str] = field(default_factory=list)


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
    return address.is_global and not address.is_multicast


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


def _proxies() -> set[str]:
    """Hosts of the proxies that the operator set: reaching those is meant."""
    return {urlsplit(url).hostname or "" for url in getproxies().values() if "://" in url}


def _create(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
    watch = _watch.get()
    if watch is None or address[0] in _proxies():
        return _plain(address, *args, **kwargs)
    host, port = address
    try:
        found = addresses_of(host, port)
    except Refused as refusal:
        watch.refused.append(refusal.message)
        raise OSError(refusal.message) from None
    problem: OSError = socket.gaierror(f"{host} is not known.")
    for one in found:
        try:
            return _plain((one, port), *args, **kwargs)
        except OSError as error:
            problem = error
    raise problem


sockets.create_connection = _create


@contextmanager
def only_outside() -> Iterator[Watch]:
    """While it is on, this thread's connections reach the internet only."""
    watch = Watch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)
