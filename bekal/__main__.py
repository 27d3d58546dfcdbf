"""`python -m bekal`."""

import sys

from bekal.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
