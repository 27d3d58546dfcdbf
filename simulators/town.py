"""All stand-ins behind one address: each at its own first path segment, their control doors below /control."""

import hmac
from collections.abc import Mapping
from pathlib import Path

from simulators.bank import Bank
from simulators.beacon import Beacon
from simulators.face import Face
from simulators.http import Plan, Reply, Request
from simulators.portal import Portal
from simulators.registry import Registry
from simulators.sms import Sms
from simulators.standin import StandIn
from simulators.wallet import Wallet

KINDS: tuple[type[StandIn], ...] = (Registry, Face, Sms, Bank, Wallet, Portal, Beacon)


class Town:
    """Finds who answers a request. `at_root`: who answers addresses that are nobody's, for clients that fix the whole
    path."""

    def __init__(self, folder: Path, control_token: str, at_root: str = "") -> None:
        self.control_token = control_token
        self.at_root = at_root
        self.standins: Mapping[str, StandIn] = {kind.name: kind(folder) for kind in KINDS}
        sms = self.standins["sms"]
        assert isinstance(sms, Sms)
        sms.control_token = control_token

    def plan(self, request: Request) -> Plan:
        """How a request will be answered."""
        parts = request.path.split("/")
        if parts[1] == "control":
            return Plan(lambda: self.control(parts[2:], request))
        if parts[1] == "":
            return Plan(lambda: Reply(200, {"standins": sorted(self.standins)}))
        name = parts[1] if parts[1] in self.standins else self.at_root
        if name not in self.standins:
            return Plan(lambda: Reply(404, {"error": "no such system"}))
        return self.standins[name].plan(request)

    def control(self, parts: list[str], request: Request) -> Reply:
        """/control/{name}/{verb}; /control/clock and /control/clients tell all stand-ins at once."""
        if not hmac.compare_digest(
            request.headers.get("x-control-token", "").encode("latin-1"), self.control_token.encode()
        ):
            return Reply(403, {"error": "X-Control-Token is wrong"})
        match parts:
            case [("clock" | "clients") as verb]:
                return [standin.control(verb, request) for standin in self.standins.values()][-1]
            case [name, verb] if name in self.standins:
                return self.standins[name].control(verb, request)
        return Reply(404, {"error": f"/control/{{name}}/{{verb}}, with name one of {', '.join(sorted(self.standins))}"})
