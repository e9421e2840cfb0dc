"""What the command can be asked for."""

import argparse


def chaos_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--captures", type=int, default=20_000, help="how many arrive through the public doors (default 20000)")
    add("--kills", type=int, default=50, help="SIGKILLs to each of web, worker, beat and broker (default 50)")
    add("--pg-restarts", type=int, default=10, help="restarts of PostgreSQL, half of them immediate (default 10)")
    add("--rate", type=float, default=60, help="captures a second at most (default 60)")
    add("--broker-down", type=float, default=0, metavar="SECONDS", help="and the broker is gone for so long")
    add("--skew", type=int, default=0, metavar="SECONDS", help="the web's clock so much ahead, the worker's behind")
    add("--seed", type=int, default=1, help="of the first run: who dies when, who sends what (default 1)")
    add("--seeds", type=int, default=1, help="how many runs, each with the next seed (default 1)")
    add("--port", type=int, default=0, help="the web server's; without it a free one")
    add("--report", default="", help="where the JSON report goes (default: chaos-SEED.json in the bench's folder)")
    add("--keep", action="store_true", help="leave the folder with database and logs there")
