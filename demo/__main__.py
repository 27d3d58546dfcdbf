"""`python -m demo`: one whole wave of the real programme with real parts, then the running site."""

import argparse
import signal
import sys
import threading

from bekal.cli.trouble import Trouble
from demo.rehearsal import Rehearsal, Wish
from demo.wire import Unserved


def main() -> int:
    """Play, print, serve. A problem that the person can solve is one sentence and exit code 1."""
    wish = _wish()
    rehearsal = Rehearsal(wish)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        rehearsal.begin()
        return _play(rehearsal)
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost: the same command goes on from here; CLEAN=yes starts clean.")
        return 130
    except Unserved as unserved:
        print(f"\nThe site stopped answering at {unserved}. The same command goes on from here.", file=sys.stderr)
        return 1
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1
    finally:
        rehearsal.end()


def _play(rehearsal: Rehearsal) -> int:
    from demo.play import play
    from demo.report import print_digest, print_links, print_report

    story = play(rehearsal)
    explained = print_report(story)
    if not rehearsal.wish.serve:
        print_digest()
        return 0 if explained else 1
    print_links(story)
    print(f"\nThe site runs on {rehearsal.site} until Ctrl-C.")
    print_digest()
    rehearsal.run_on()
    threading.Event().wait()
    return 0


def _wish() -> Wish:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seed", default="2023")
    parser.add_argument("--serve", choices=("yes", "no"), default="yes")
    parser.add_argument("--clean", choices=("yes", "no"), default="no")
    parser.add_argument("--port", type=int, default=8_000)
    options = parser.parse_args()
    if not 200 <= options.people <= 1_000_000:
        parser.error("PEOPLE must be between 200 and 1000000")
    return Wish(options.people, options.seed, options.serve == "yes", options.clean == "yes", options.port)


if __name__ == "__main__":
    sys.exit(main())
