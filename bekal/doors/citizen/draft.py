"""Answers of a registration that is not sent yet: kept on the server, sealed, never on the phone."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence

from django.http import HttpRequest

from bekal.core import vault

PLACE = "doors.registration_draft"
Draft = dict[str, list[str]]


def read_draft(request: HttpRequest) -> Draft:
    """What was typed so far, by field name."""
    sealed = request.session.get("draft")
    return json.loads(vault.unseal(b64decode(sealed), place=PLACE)) if sealed else {}


def keep(request: HttpRequest, name: str, answers: Sequence[str]) -> Draft:
    """Keep one answer and give back the whole draft."""
    draft = read_draft(request) | {name: list(answers)}
    request.session["draft"] = b64encode(vault.seal(json.dumps(draft), place=PLACE)).decode()
    return draft


def drop(request: HttpRequest) -> None:
    request.session.pop("draft", None)
