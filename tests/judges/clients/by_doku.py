"""DOKU's signatures: its HMAC of a request, and its server-side verifier of a token request."""

import json
import sys

from doku_python_library.src.services.token_service import TokenService

told = json.load(sys.stdin)
json.dump(
    {
        "service": TokenService.generate_symmetric_signature(
            "POST", told["target"], told["token"], told["body"], told["at"], told["secret"]
        ),
        "token": TokenService.create_signature(told["private_key_pem"], f"{told['client_id']}|{told['at']}"),
        "accepts": [
            TokenService.compare_signatures(f"{client}|{told['at']}", told["signature"], told["public_key_pem"])
            for client in (told["client_id"], "another")
        ],
    },
    sys.stdout,
)
