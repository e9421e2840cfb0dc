"""Python loads this first of all when its folder is on PYTHONPATH: a process whose command line has one of the words
of ``BATON_CHAOS_SKEW`` (``gunicorn=600,worker=-600``: seconds) lives at another time from its first moment on, in
every library. Only for bench.chaos; the database and the file system keep the machine's time."""

import copyreg
import datetime as module
import os
import sys
import time
from typing import Any


def _seconds() -> int:
    for one in filter(None, os.environ.get("BATON_CHAOS_SKEW", "").split(",")):
        word, _, number = one.partition("=")
        if any(word in said for said in sys.orig_argv):
            return int(number)
    return 0


def _install(seconds: int) -> None:
    real, delta = module.datetime, module.timedelta(seconds=seconds)
    real_time, real_time_ns = time.time, time.time_ns

    class Kind(type):
        def __instancecheck__(cls, one: Any) -> bool:
            return isinstance(one, real)

        def __subclasscheck__(cls, one: type) -> bool:
            return issubclass(one, real)

    class Shifted(real, metaclass=Kind):
        """Makes and recognises ordinary datetimes; only what it calls now is another."""

        def __new__(cls, *args: Any, **more: Any) -> Any:
            return real.__new__(real, *args, **more)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + delta

        @classmethod
        def utcnow(cls) -> Any:
            return real.now(module.UTC).replace(tzinfo=None) + delta

        @classmethod
        def today(cls) -> Any:
            return real.now() + delta

    Shifted.__name__ = Shifted.__qualname__ = Shifted.__module__ = "datetime"
    copyreg.pickle(real, lambda one: (Shifted, one.__reduce_ex__(2)[1]))
    module.datetime = Shifted  # type: ignore[misc]
    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: real_time_ns() + seconds * 1_000_000_000


if shift := _seconds():
    _install(shift)
