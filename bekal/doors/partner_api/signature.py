"""The partners' request signature, as the programme office published it (developer.prakerja.go.id/generate-signature).

    message   = client_code + timestamp + METHOD + path [+ Authorization value] + body        (no separators)
    signature = lower-case hex of HMAC-SHA1(sign_key, message)

Real clients differ in what they call the body, so the message is tried over four texts, in this order: the bytes
received; those without insignificant white space; those with `\\/` written `/`; the parsed value written again with
plain slashes and letters. Each with and without the value of the Authorization header. SHA-1 is the protocol's
choice: HMAC does not rest on collision resistance.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import datetime

WINDOW_SECONDS = 300
"""How far a request's timestamp may be from our clock, either way.

The published protocol says nothing; five minutes suits clients with a drifting clock.
"""

_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SLASHES = re.compile(r"^/+")
_SECONDS = re.compile(r"[0-9]{1,12}")


def collapsed(path: str) -> str:
    """The path with its leading slashes made one: a live client sends `//api/...` and signs `/api/...`."""
    return _SLASHES.sub("/", path)


def signature_of(sign_key: str, message: bytes) -> str:
    """Lower-case hex HMAC-SHA1 (40 characters)."""
    return hmac.new(sign_key.encode(), message, hashlib.sha1).hexdigest()


def body_texts(body: bytes, parsed: object) -> Iterator[bytes]:
    """The texts a client may have signed for `body`, which is valid JSON holding `parsed`; most common first, repeats
    left out.
    """
    seen = {body}
    yield body
    compact = _STRING_OR_SPACE.sub(lambda found: found.group(1) or b"", body)
    plain_slashes = _ESCAPE.sub(lambda found: b"/" if found.group(1) == b"/" else found.group(0), compact)
    for text in (compact, plain_slashes, _written_again(parsed)):
        if text is not None and text not in seen:
            seen.add(text)
            yield text


def _written_again(parsed: object) -> bytes | None:
    try:
        return json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return None


def is_signed(
    signature: str,
    *,
    sign_key: str,
    client_code: str,
    timestamp: str,
    method: str,
    path: str,
    body: bytes,
    parsed: object,
    authorization: str = "",
) -> bool:
    """Whether `signature` (any letter case) is the one of this request.

    `path` as received; `parsed` the JSON value of `body`.
    """
    given = signature.lower().encode()
    heads = [
        f"{client_code}{timestamp}{method.upper()}{one_path}{middle}"
        for one_path in _paths(path)
        for middle in _middles(authorization)
    ]
    return any(
        hmac.compare_digest(signature_of(sign_key, head.encode() + text).encode(), given)
        for text in body_texts(body, parsed)
        for head in heads
    )


def _paths(path: str) -> list[str]:
    short = collapsed(path)
    return [short] if short == path else [short, path]


def _middles(authorization: str) -> list[str]:
    return ["", authorization] if authorization else [""]


def within_window(timestamp: str, at: datetime) -> bool:
    """Whether `timestamp` (Unix seconds in decimal) is at most WINDOW_SECONDS from `at`."""
    return _SECONDS.fullmatch(timestamp) is not None and abs(int(timestamp) - at.timestamp()) <= WINDOW_SECONDS
