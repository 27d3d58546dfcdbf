"""The control door of the simulators, for demos and tests. Never imported by the product."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

Record = Mapping[str, Any]


class Control:
    """Talks to a running `python -m simulators`. Every method raises httpx.HTTPStatusError when the stand-in says
    no."""

    def __init__(self, base_url: str, token: str) -> None:
        self.client = httpx.Client(base_url=base_url, headers={"X-Control-Token": token}, timeout=60, trust_env=False)

    def post(self, path: str, body: Record) -> Any:
        """One control call."""
        answer = self.client.post(f"/control/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def introduce(self, client_id: str, secret: str, public_key_pem: str = "", partner_id: str = "") -> None:
        """Make a client and its keys known to every stand-in."""
        client = {
            "client_id": client_id,
            "secret": secret,
            "public_key_pem": public_key_pem,
            "partner_id": partner_id or client_id,
        }
        self.post("clients", {"clients": [client]})

    def load_people(self, people: Iterable[Record]) -> int:
        """Load people into registry and face match: nik, family_card, name, birth_date (ISO), registers, and for the
        face
        portrait_sha256, live, score."""
        rows = [dict(person, birth_date=str(person["birth_date"])) for person in people]
        self.post("face/people", {"people": rows})
        return int(self.post("registry/people", {"people": rows})["loaded"])

    def load_accounts(self, name: str, accounts: Iterable[Record]) -> int:
        """Load accounts of `bank` or `wallet`: number, holder, status, nik or nik_hash; bank: bank, partner_id,
        balance; wallet: level,
        monthly_limit."""
        return int(self.post(f"{name}/accounts", {"accounts": [dict(account) for account in accounts]})["loaded"])

    def load_deposit(self, partner_id: str, balance: int) -> None:
        """Set a partner's deposit at the wallet, whole rupiah."""
        self.post("wallet/deposits", {"deposits": [{"partner_id": partner_id, "balance": balance}]})

    def windows(self, name: str, **limits: int) -> None:
        """Set a payer's memory: reference_days (60), status_days, status_after_seconds, pending_seconds (0: none)."""
        self.post(f"{name}/windows", limits)

    def return_payment(self, name: str, reference: str, reason: str = "AC04") -> None:
        """Let a payer send a booked payment back, its account closed."""
        self.post(f"{name}/returns", {"reference": reference, "reason": reason})

    def incoming(self, name: str, account: str, amount: int, reference: str = "") -> None:
        """Let money come to a partner's account from elsewhere."""
        self.post(f"{name}/incoming", {"account": account, "amount": amount, "reference": reference})

    def fee(self, name: str, account: str, amount: int) -> None:
        """Let a payer take a fee."""
        self.post(f"{name}/fees", {"account": account, "amount": amount})

    def spoil_statements(self, name: str, mistakes: Sequence[Record]) -> None:
        """Lay statements down wrongly: {"day": ISO, "do": cut | missing | extra | altered | doubled | twice,
        "reference"?, "amount"?, "balanced"?}; none: rightly again."""
        self.post(f"{name}/statements", {"mistakes": [dict(mistake) for mistake in mistakes]})

    def delay_reports(self, name: str, seconds: int) -> None:
        """Lay a batch's report down so long after it was taken."""
        self.post(f"{name}/batches", {"report_after_seconds": seconds})

    def load_openings(self, name: str, people: Iterable[Record] = (), after_seconds: int = 0) -> None:
        """Say whom a payer can verify (nik, name, birth_date, refuse) and how long an opening takes it."""
        told = [dict(person, birth_date=str(person["birth_date"])) for person in people]
        self.post(f"{name}/openings", {"people": told, "opening_after_seconds": after_seconds})

    def load_rounds(self, rounds: Sequence[Record]) -> None:
        """Load recorded drand rounds: chain_hash, round, randomness, signature, previous_signature (hex)."""
        self.post("beacon/rounds", {"rounds": [dict(recorded) for recorded in rounds]})

    def faults(self, name: str, rules: Sequence[Record]) -> None:
        """Replace the misbehaviour of a stand-in; see simulators/faults.py."""
        self.post(f"{name}/faults", {"faults": [dict(rule) for rule in rules]})

    def limit(self, name: str, per_second: float) -> None:
        """Let `registry` or `face` answer so many questions a second, 0 without limit."""
        self.post(f"{name}/limit", {"per_second": per_second})

    def inbox(self, number: str, after: int = 0) -> list[dict[str, Any]]:
        """Text messages to a number (+62...), oldest first: id, text, reference, at."""
        answer = self.client.get("/sms/v1/inbox", params={"to": number, "after": str(after)})
        answer.raise_for_status()
        return list(answer.json()["messages"])

    def code(self, number: str) -> str | None:
        """The last one-time code (4 to 8 digits) in a number's newest message that has one."""
        found = [re.findall(r"\b\d{4,8}\b", message["text"]) for message in self.inbox(number)]
        return next((codes[-1] for codes in reversed(found) if codes), None)

    def books(self, name: str) -> dict[str, Any]:
        """What a stand-in has written: payments, refusals and sources of bank and wallet; checks, comparisons,
        messages of the others."""
        return dict(self.post(f"{name}/books", {}))

    def set_clock(self, now: datetime | None, ticks: bool = True) -> None:
        """Tell every stand-in what time it is; None is the machine's time. `ticks` False: time stands still."""
        self.post("clock", {"now": None if now is None else now.isoformat(), "ticks": ticks})

    def generate_vacancies(
        self, seed: int, count: int, regencies: Sequence[Any], occupations: Sequence[str] | None = None
    ) -> int:
        """Fill the portal with vacancies; `regencies`: codes or {"code", "name"}; `occupations`: keys of
        simulators/occupations.py."""
        body = {"seed": seed, "count": count, "regencies": list(regencies), "occupations": list(occupations or ())}
        return int(self.post("portal/generate", body)["loaded"])


CLIENTS = {
    "registry": ("bekal.outside.civil_registry.connect", ""),
    "face": ("bekal.outside.face_match.connect", ""),
    "sms": ("bekal.outside.sms.connect", ""),
    "portal": ("bekal.outside.job_portal.connect", ""),
    "beacon": ("bekal.outside.beacon.connect", ""),
    "bank": ("bekal.outside.bank.connect", "/v1.0"),
    "wallet": ("bekal.outside.wallet.connect", "/v1.0"),
}
DOORS = {
    "batch": ("bekal.outside.iso20022.connect_batch", "/files/v1"),
    "statements": ("bekal.outside.iso20022.connect_statements", "/files/v1"),
    "opener": ("bekal.outside.account_opening.connect", "/v1.0"),
}


def port_entry(base_url: str, name: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """How the product reaches a stand-in: {"client": dotted path, "config": {...}}, an entry of its ports file. `name`:
    a stand-in, or one of its other doors like `bank:statements`.

    `keys`: client_id, secret, private_key_pem, partner_id, source_account and whatever else the client takes.
    """
    name, _, door = name.partition(":")
    client, version = DOORS[door] if door else CLIENTS[name]
    if name == "wallet":
        keys = {**keys, "source_account": keys.get("partner_id", keys["client_id"])}
    return {"client": client, "config": {"url": f"{base_url}/{name}{version}", **keys}}


PORTS = {
    "civil_registry": "registry",
    "face_match": "face",
    "text_gateway": "sms",
    "job_portal": "portal",
    "beacon": "beacon",
    "payer:bank": "bank",
    "payer:wallet": "wallet",
    "account_opener:bank": "bank:opener",
    "account_opener:wallet": "wallet:opener",
    "batch_payer:bank": "bank:batch",
    "statements:bank": "bank:statements",
    "statements:wallet": "wallet:statements",
}


def ports(base_url: str, keys: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The product's whole ports file: every port it opens, answered by a stand-in."""
    return {port: port_entry(base_url, name, keys) for port, name in PORTS.items()}
