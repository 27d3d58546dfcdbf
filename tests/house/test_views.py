"""Every page states who may open it."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

PARTNER_API = "bekal.doors.partner_api"


def views(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, object]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from views(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry.callback


def test_every_view_states_its_permission() -> None:
    silent = [path for path, view in views() if not getattr(view, "permission", None)]
    assert silent == []
