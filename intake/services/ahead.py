"""Reading ahead: a process of its own reads and understands a large file while this one writes, so that the two do
not share an interpreter. It is a fork, so it starts at once with the plan that is made; it touches no database."""

import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

from intake.errors import ReaderLost
from intake.kinds.base import Item
from intake.services.parser import Chunk, Parser

LARGE = 2_000_000  # bytes; a smaller file is read here, which spares a process
TRIES = 3  # a reader that is lost so often without bringing a chunk is not started again


def chunks(parser: Parser, size: int) -> Iterator[Chunk]:
    """The chunks of a file of ``size`` bytes.

    Raises what reading raises, and ReaderLost when the process that reads is killed; the chunks until then are whole.
    """
    if size < LARGE or not hasattr(os, "fork"):
        return iter(parser)
    return _from_process(parser)


def _from_process(parser: Parser) -> Iterator[Chunk]:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _read(parser, theirs)
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb") as pipe:
            while (said := _receive(pipe)) is not None:
                if isinstance(said, Exception):
                    raise said
                yield said
    finally:
        # it may be in the middle of a chunk that nobody wants any more
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _receive(pipe: BinaryIO) -> Chunk | Exception | None:
    try:
        said = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError):
        raise ReaderLost("The process that reads the file was killed; is there too little memory?") from None
    if said is None or isinstance(said, Exception):
        return said
    position, *columns, problems = said
    items = list(map(Item, *columns))
    for place, problem in problems:
        items[place].problem = problem
    return Chunk(items, position)


def _read(parser: Parser, pipe: int) -> NoReturn:
    """What the new process does. It ends with its work, or at its next chunk when nobody reads the pipe any more."""
    code = 1
    try:
        # Ctrl-C is the writer's to handle, which then ends this process
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # nothing of the writer's stays open here: above all not its line to the database, whose end would go unseen
        os.dup2(pipe, 3)
        for other in map(int, os.listdir("/dev/fd")):
            with suppress(OSError):
                if other > 3:
                    os.close(other)
        with os.fdopen(3, "wb") as out:
            _send_all(parser, out)
        code = 0
    finally:
        os._exit(code)  # runs nothing of what the writer has registered for its own end


def _send_all(parser: Parser, out: BinaryIO) -> None:
    try:
        for chunk in parser:
            items = chunk.items
            columns: list[list[Any]] = [
                [item.line for item in items],
                [item.cells for item in items],
                [item.values for item in items],
                [item.keys for item in items],
            ]
            problems = [(place, item.problem) for place, item in enumerate(items) if item.problem]
            pickle.dump((chunk.position, *columns, problems), out, pickle.HIGHEST_PROTOCOL)
            out.flush()
        pickle.dump(None, out)
    except BrokenPipeError:
        raise
    except Exception as error:  # handed to the writer, which fails the run with it
        pickle.dump(error, out)
