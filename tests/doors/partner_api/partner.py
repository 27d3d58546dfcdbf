"""A partner's side of the wire, for tests: signs and sends as the published samples do."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client

from bekal.doors.partner_api.signature import signature_of
from bekal.partners.actions import IssuedCredential
from bekal.partners.models import Organisation
from tests.partners.making import AT, credential

BASE = "/api/v1/integration/"


@dataclass
class Partner:
    """One organisation with its key. `at`: what its clock shows."""

    organisation: Organisation
    key: IssuedCredential
    at: datetime = AT

    @classmethod
    def of(cls, organisation: Organisation) -> "Partner":
        return cls(organisation, credential(organisation))

    def headers(self, path: str, body: bytes, authorization: str = "") -> dict[str, str]:
        timestamp = str(int(self.at.timestamp()))
        message = f"{self.key.client_code}{timestamp}POST{path}{authorization}".encode() + body
        headers = {
            "client_code": self.key.client_code,
            "timestamp": timestamp,
            "signature": signature_of(self.key.sign_key, message),
        }
        return headers | ({"Authorization": authorization} if authorization else {})

    def call(self, name: str, body: Any, *, authorization: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and envelope of a call. `headers` replace or add."""
        path = BASE + name
        sent = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        signed = self.headers(path, sent, authorization) | headers
        answer = Client().post(path, sent, content_type="application/json", headers=signed)
        return answer.status_code, answer.json()
