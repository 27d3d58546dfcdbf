"""Passes: what a citizen's browser shows at the hot lane instead of a session. A MAC proves them; nothing is looked up.

bytes = citizen id (16) || wave id (16) || expiry, seconds since 1970 (8) || BLAKE2b of these keyed with the kind's key
(RFC 7693, 16 bytes; a sixth of what HMAC costs here); written in base64url without padding. The cookie lives as long as
the browser does, whatever the phone's clock says; the expiry is read by our own clock.
"""

import hashlib
import hmac
from binascii import Error, a2b_base64, b2a_base64
from datetime import datetime, timedelta
from typing import NamedTuple

JOIN, ADMISSION = "pass to join", "pass of admission"
"""Purposes of the keys."""
JOIN_COOKIE, ADMISSION_COOKIE = "bekal_karcis", "bekal_masuk"
JOIN_LIFE, ADMISSION_LIFE = timedelta(hours=12), timedelta(minutes=90)
_SIZE, _MAC, _LETTERS = 40, 16, 75
_URL, _PLAIN = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


class Pass(NamedTuple):
    """`until`: seconds since 1970, on our clock."""

    citizen: bytes
    wave: bytes
    until: int


def make_pass(key: bytes, *, citizen: bytes, wave: bytes, until: datetime) -> str:
    """The text of a pass under the key of its kind."""
    said = citizen + wave + int(until.timestamp()).to_bytes(8, "big")
    signed = said + _mac(key, said)
    return b2a_base64(signed, newline=False).rstrip(b"=").translate(_URL).decode()


def read_pass(key: bytes, text: bytes) -> Pass | None:
    """The pass that `make_pass` wrote under this key, expired or not; None for anything else."""
    if len(text) != _LETTERS:
        return None
    try:
        signed = a2b_base64(text.translate(_PLAIN) + b"=", strict_mode=True)
    except Error:
        return None
    said = signed[:_SIZE]
    if not hmac.compare_digest(_mac(key, said), signed[_SIZE:]):
        return None
    return Pass(said[:16], said[16:32], int.from_bytes(said[32:], "big"))


def _mac(key: bytes, said: bytes) -> bytes:
    return hashlib.blake2b(said, key=key, digest_size=_MAC).digest()


def cookie_line(name: str, text: str, *, secure: bool) -> str:
    """The value of a Set-Cookie header: for this host on every port, never read by scripts or sent by other sites."""
    return f"{name}={text}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
