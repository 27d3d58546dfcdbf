"""What the lane answers, as bytes: made once at the start, but for receipts and the waiting page's closing date."""

import json
from datetime import UTC, datetime

from bekal.core.texts import LANGUAGES, text
from bekal.doors.moments import moment_words

RETRY_SECONDS = 20
_REASONS = {
    200: "OK", 303: "See Other", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 411: "Length Required", 413: "Content Too Large", 431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}  # fmt: skip
_PAGE = (
    '<!doctype html><html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta http-equiv="refresh" content="{seconds};url={address}"><title>{title}</title><main>{parts}</main></html>'
)


def answer(status: int, body: bytes = b"", kind: str = "text/plain; charset=utf-8", **headers: str) -> bytes:
    """A whole answer; names of headers with `_` for `-`, empty ones left out."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += ["Cache-Control: no-store", "X-Content-Type-Options: nosniff"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def refused(status: int, code: str, **headers: str) -> bytes:
    """A refusal for a program: the code and its text in both languages."""
    said = {"error": code, **{language: text(code, language) for language in LANGUAGES}}
    return answer(status, json.dumps(said, ensure_ascii=False).encode(), "application/json", **headers)


def receipt_answer(receipt: bytes) -> bytes:
    """The receipt for a program."""
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n%b"
        % (len(receipt), receipt)
    )


def led_to(address: str, cookie: str = "") -> bytes:
    """A redirect after which the back button repeats nothing."""
    return answer(303, Location=address, Set_Cookie=cookie)


def waiting_page(address: str, closes: float | None) -> bytes:
    """The static page of the waiting room: no script, comes back by itself, order does not matter."""
    parts = []
    for language in LANGUAGES:
        until = moment_words(datetime.fromtimestamp(closes, UTC), language) if closes else ""
        parts.append(
            f'<section lang="{language}"><h1>{text("lane.wait", language)}</h1>'
            f"<p><strong>{text('lane.order', language)}</strong> {text('lane.kept', language)}</p>"
            + (f"<p>{text('lane.closes', language, until=until)}</p>" if until else "")
            + f"<p>{text('lane.again', language, seconds=RETRY_SECONDS)} "
            f'<a href="{address}">{text("lane.try", language)}</a></p></section>'
        )
    page = _PAGE.format(
        seconds=RETRY_SECONDS, address=address, title=text("lane.wait", LANGUAGES[0]), parts="".join(parts)
    )
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return answer(
        503, page.encode(), "text/html; charset=utf-8", Retry_After=str(RETRY_SECONDS), Content_Security_Policy=policy
    )
