"""Handoffs a second, end to end: bar, choice, assignment, owner, deal with its ledger row, notice and e-mail intent.

    DATABASE_URL=... python -m bench.handoff --leads 20000 --reps 50 --batch 500

Fills the database that it is given (use a throwaway one) with leads over the bar. Half of them are scored and then
handed over in this one process; for the other half one process scores while another hands over, as two workers do.
Says how long each step took, and the CPU time of this process and of its PostgreSQL backend, which a busy machine
changes less. Clean-up is yours: drop the database.
"""

import argparse
import os

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=500, help="handoffs in one transaction")
    parser.add_argument("--scored", type=int, default=2000, help="leads in one transaction of the scorer")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.handing import measure  # its models exist only now

    measure(options)


if __name__ == "__main__":
    main()
