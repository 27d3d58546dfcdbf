"""Opening a port: the configured client of an outside system, chosen by name in settings."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


class Busy(ConnectionError):
    """Not asked, or asked and put off: the partner's limit is reached. Asking again after `seconds` is right."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the partner's limit is reached; ask again in {seconds:.3f} s")


class PortClosed(Exception):
    """No client is configured for this port."""


@cache
def open_port(name: str) -> Any:
    """The client behind a port, made once per process by the factory that `settings.PORTS[name]` names."""
    try:
        factory, config = settings.PORTS[name]
    except KeyError:
        raise PortClosed(f"settings.PORTS names no {name!r}") from None
    return import_string(factory)(config)


def port_config(name: str) -> Mapping[str, str]:
    """What is configured for a port; empty for one that is not."""
    return dict(settings.PORTS[name][1]) if name in settings.PORTS else {}
