"""Payments at speed: python -m benchmarks.payouts [--quick]

Everything runs on this machine: a durable throw-away PostgreSQL, a bank that answers after 20 ms, and the client, with
as many calls in flight as the product allows a payer when nothing else is configured. `simulators/bank` writes to disk
at every call, which both sides would wait for; a bank with the same checks and its books in memory stands in. Each
figure is the median of the rounds' own ratios. Last line: RESULT {json}.
"""

import argparse
import json

from benchmarks.paying import sending


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    figures = sending.measure(orders=4_000 if quick else 100_000, rounds=2 if quick else 3)
    print(f"RESULT {json.dumps(figures)}")


if __name__ == "__main__":
    main()
