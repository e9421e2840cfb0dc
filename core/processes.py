"""Children that never outlive their parent. Standard library only: the supervisor and the tests share it."""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow_parent(number: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Have the kernel send this process ``number`` the moment its parent is gone (Linux; elsewhere nothing).

    ``parent`` is the process id that is meant: when it is already gone, the process ends itself here.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def heap_settle() -> None:
    """For a process that works in batches: what it loaded at its start is no garbage, and not looked through again;
    what a batch makes lives until its end, so new objects are looked through less often than after every 700."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def die_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """The ``preexec_fn`` of a child that is to get ``number`` when this process is gone."""
    parent = os.getpid()
    return lambda: follow_parent(number, parent=parent)
