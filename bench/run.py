"""``python -m bench run``: each measurement by its name."""

import logging
from collections.abc import Callable


def _pages() -> None:
    from bench.pages import run

    run()


def _intake() -> None:
    from bench.intake import run

    run()


def _latency() -> None:
    from bench.latency import run

    run()


def _rescore() -> None:
    from bench.heavy import rescore

    rescore()


def _handoffs() -> None:
    from bench.heavy import handoffs

    handoffs()


def _imports() -> None:
    from bench.imports import run

    run()


# In this order: what only reads comes first, what adds most comes last.
PARTS: dict[str, Callable[[], None]] = {
    "pages": _pages,
    "rescore": _rescore,
    "intake": _intake,
    "latency": _latency,
    "handoffs": _handoffs,
    "import": _imports,
}


def run(names: list[str]) -> None:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise SystemExit(f"Unknown: {', '.join(unknown)}. There are: {', '.join(PARTS)}.")
    import django

    django.setup()
    from django.core.management import call_command

    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for name in names or PARTS:
        print(f"-- {name}", flush=True)
        PARTS[name]()
