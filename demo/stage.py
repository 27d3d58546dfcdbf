"""Progress that tells the truth: one line a stage, counting things that are really done."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_WIDTH = 24


class Progress:
    """Prints `12 | people register  [#####----]  310/1000  0:07`; on a terminal it is redrawn in place."""

    def __init__(self, number: int, of: int, title: str) -> None:
        self.head = f"{number:>2}/{of} {title:<46}"
        self.begun = time.monotonic()
        self.live = sys.stdout.isatty()
        self.done = self.total = 0
        self.drawn = 0.0
        self._draw()

    def over(self, things: Iterable[T], total: int) -> Iterator[T]:
        """Pass things on, counting each when it is finished; several calls add up."""
        self.total += total
        for thing in things:
            yield thing
            self.done += 1
            if self.live and time.monotonic() - self.drawn > 0.2:
                self._draw()

    def finish(self, outcome: str = "") -> None:
        count = f"{self.done}/{self.total}" if self.total else ""
        took = time.monotonic() - self.begun
        end = f"{self.head} {'#' * _WIDTH}  {count:>11} {took:6.1f} s  {outcome}"
        print(("\r" if self.live else "") + end.rstrip(), flush=True)

    def _draw(self) -> None:
        if not self.live:
            return
        self.drawn = time.monotonic()
        filled = _WIDTH * self.done // self.total if self.total else 0
        count = f"{self.done}/{self.total}" if self.total else ""
        bar = "#" * filled + "-" * (_WIDTH - filled)
        print(f"\r{self.head} {bar}  {count:>11} {self.drawn - self.begun:6.1f} s", end="", flush=True)
