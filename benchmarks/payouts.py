"""Payments at speed: python -m benchmarks.payouts [--quick]

Everything runs on this machine: a durable throw-away PostgreSQL, a lean bank that checks every signature and answers
after 20 ms, and the client. `simulators/bank` itself keeps its books on disk and answers at most about 2,000 calls a
second, which would be the bound of both sides; so a bank with the same checks and its books in memory stands in.
Each figure is the median of the rounds' own ratios. Last line: RESULT {json}.
"""

import argparse
import json

from benchmarks.paying import sending


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    figures = sending.measure(orders=6_000 if quick else 100_000, rounds=2 if quick else 3, in_flight=32)
    print(f"RESULT {json.dumps(figures)}")


if __name__ == "__main__":
    main()
