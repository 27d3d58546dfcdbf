"""Running a task at an instant."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from unittest.mock import patch

T = TypeVar("T")


def at_time(at: datetime, task: Callable[[], T]) -> T:
    """What `task` does when the product's clock says `at`."""
    with patch("bekal.core.clock.now", return_value=at):
        return task()
