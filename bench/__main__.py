"""python -m bench fill | run [NAMES] | report | chaos. See bench/README.md, and docs/handoff/chaos.md."""

import argparse

from bench.chaos.options import chaos_arguments
from bench.cluster import cluster


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Baton on a million leads.")
    parts = parser.add_subparsers(dest="what", required=True)
    filling = parts.add_parser("fill", help="make the company, by COPY, in a fresh database")
    filling.add_argument("--leads", type=int, default=1_000_000)
    running = parts.add_parser("run", help="measure; names of what, or everything")
    running.add_argument("names", nargs="*")
    parts.add_parser("report", help="what was measured last, beside the targets")
    wrecking = parts.add_parser("chaos", help="kill everything while captures arrive; always in a house of its own")
    chaos_arguments(wrecking)
    options = parser.parse_args()
    if options.what == "chaos":  # never the database of DATABASE_URL: see bench/chaos/place.py
        from bench.chaos.run import run_all

        raise SystemExit(run_all(options))
    with cluster():
        if options.what == "fill":
            from bench.fill import fill

            fill(options.leads)
        elif options.what == "run":
            from bench.run import run

            run(options.names)
        else:
            from bench.report import report

            print(report())


if __name__ == "__main__":
    main()
