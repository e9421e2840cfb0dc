"""``./test``: everything that must hold. Starts its own servers, collects every failure, leaves nothing behind."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.machinery import needs, stages
from tests.machinery.servers import PrivatePostgres


def arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="./test", description="Run Baton's checks and tests.", allow_abbrev=False)
    parser.add_argument("--fast", action="store_true", help="checks and quick tests on SQLite only")
    parser.add_argument("--postgres", action="store_true", help="run the named tests on PostgreSQL")
    return parser.parse_known_args()


def everything(fast: bool, postgres: PrivatePostgres | None, work: Path) -> list[stages.Outcome]:
    """Checks, then the suite on each database; the tests that start processes or a browser by themselves."""
    url = postgres.url if postgres else "postgres://baton@localhost/baton"  # the checks never connect
    migrated, name = work / "migrated", PrivatePostgres.MIGRATED
    checks = stages.checks(url, str(work / "var"))
    outcomes = stages.run_checks(stages.migrations(postgres and postgres.url_of(name), str(migrated)) | checks)
    lite = stages.clean_environment(BATON_TEST_MIGRATED=str(migrated / "baton.sqlite3"))
    runs = [("quick tests on SQLite", [*stages.PARALLEL, "-m", stages.QUICK], lite)]
    if postgres:
        full = stages.served_environment(postgres.url, BATON_HTTPS="0", BATON_TEST_MIGRATED=name)
        runs += [
            ("quick tests on PostgreSQL", [*stages.PARALLEL, "-m", stages.QUICK], full),
            ("process tests on SQLite", [*stages.SPREAD, "-m", "slow and not browser"], lite),
            ("process tests on PostgreSQL", [*stages.SPREAD, "-m", "slow and not browser"], full),
            ("browser tests on PostgreSQL", [*stages.SPREAD, "-m", "browser"], full),
        ]
    for number, (name, words, environment) in enumerate(runs):
        outcomes.append(stages.run_pytest(name, words, environment, work / f"{number}.xml"))
    return outcomes


def named(words: list[str], postgres: PrivatePostgres | None, work: Path) -> list[stages.Outcome]:
    environment = stages.served_environment(postgres.url, BATON_HTTPS="0") if postgres else stages.clean_environment()
    where = "PostgreSQL" if postgres else "SQLite"
    return [stages.run_pytest(f"named tests on {where}", words, environment, work / "named.xml")]


def main() -> int:
    options, words = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell starts what runs in the background with SIGINT ignored; children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with_postgres = options.postgres or not (options.fast or words)
    work = Path(tempfile.mkdtemp(prefix="baton-test-"))
    held: Any = contextlib.ExitStack()
    with held:
        held.callback(shutil.rmtree, work, ignore_errors=True)
        try:
            needs.require(browser=not options.fast, postgres=with_postgres)
            postgres = held.enter_context(PrivatePostgres()) if with_postgres else None
        except needs.Missing as error:
            print(f"{error}\n0 passed, 1 failed", flush=True)
            return 1
        outcomes = named(words, postgres, work) if words else everything(options.fast, postgres, work)
    print(stages.closing(outcomes), flush=True)
    return 0 if all(one.passed for one in outcomes) else 1


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        sys.exit(130)
