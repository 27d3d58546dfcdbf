"""What the stages share: the players, their awards, their browsers, the partners' clients."""

import hashlib
import hmac
import json
import re
from functools import cached_property
from uuid import UUID

from bekal.citizens.models import Citizen
from bekal.citizens.rules import PHONE
from bekal.core import clock, marks
from bekal.doors.skill_names import interest_codes
from bekal.evaluation.queries import unanswered
from bekal.incentives.models import PayeeAccount
from bekal.learning.models import Certificate
from bekal.ledger.queries import statement
from bekal.notices.tasks import send_due
from bekal.scholarships.models import Award
from bekal.scholarships.queries import training_account
from demo.cast import Player, cast
from demo.rehearsal import FOLDER, Rehearsal
from demo.stage import Progress
from demo.visitors import Visitors
from demo.wire import Partner, Surprise

TRUE_EFFECT_PERCENT = 12
CODE = re.compile(r"(\d{6})\b")
SIGN_IN = re.compile(r"kode masuk|kode pendaftaran|sign-in code|registration code")


class Story:
    """One rehearsal's people and things. It reads the tables; whatever changes goes through actions and HTTP."""

    progress: Progress

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.places = max(20, rehearsal.wish.people // 10)
        self.staff: dict[str, str] = {}
        self.visitors = Visitors(self)

    @cached_property
    def players(self) -> list[Player]:
        skills = tuple(sorted(interest_codes()))
        wish = self.rehearsal.wish
        return list(cast(wish.people, wish.seed, skills, by_pages=min(24, wish.people // 20)))

    @property
    def citizens(self) -> dict[int, UUID]:
        """Player number -> citizen, of everybody registered."""
        refs = marks.find((PHONE, player.phone) for player in self.players)
        numbers = {refs[PHONE, player.phone]: player.number for player in self.players if (PHONE, player.phone) in refs}
        rows = Citizen.objects.filter(phone_ref__in=list(numbers)).values_list("phone_ref", "id")
        return {numbers[ref]: citizen_id for ref, citizen_id in rows}

    @cached_property
    def awards(self) -> dict[int, Award]:
        """Player number -> award, revoked ones left out. Read anew by `forget_awards`."""
        by_citizen = {award.citizen_id: award for award in Award.objects.exclude(state="revoked")}
        return {number: by_citizen[key] for number, key in self.citizens.items() if key in by_citizen}

    def forget_awards(self) -> None:
        self.__dict__.pop("awards", None)

    def recipients(self, run: str) -> list[Player]:
        """Run `A`: the drawn; run `B`: those who came from the waiting list."""
        second = {number for number, award in self.awards.items() if award.replaces_id is not None}
        return [p for p in self.players if p.number in self.awards and (p.number in second) == (run == "B")]

    def card_of(self, player: Player) -> str:
        return self.awards[player.number].card_number

    def now(self) -> int:
        """The rehearsal's time in Unix seconds, as partners put it into their calls."""
        return int(clock.now().timestamp())

    def derive(self, name: str) -> bytes:
        """32 bytes of a player's own, from the seed."""
        return hmac.digest(self.rehearsal.wish.seed.encode(), name.encode(), hashlib.sha256)

    def code_on(self, phone: str, *, to_sign_in: bool) -> str:
        """The code of the newest message on this telephone that brings one for signing in, or for paying."""
        texts = [message["text"] for message in self.rehearsal.control.inbox(phone)]
        fitting = [text for text in texts if bool(SIGN_IN.search(text)) == to_sign_in]
        found = next((match for text in reversed(fitting) if (match := CODE.match(text))), None)
        if found is None:
            raise Surprise(f"no code came to {phone}")
        return found.group(1)

    def send_notices(self) -> None:
        """Hand every queued message to the gateway, as the worker does."""
        while send_due(limit=1_000):
            pass

    def keep_credential(self, code: str, client_code: str, sign_key: str) -> None:
        """A partner keeps its credential in its own file."""
        file = FOLDER / "partners" / f"{code}.json"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(json.dumps({"client_code": client_code, "sign_key": sign_key}))

    def partner(self, code: str) -> Partner:
        """A partner's client, from its own file."""
        return Partner(self.rehearsal.site, **json.loads((FOLDER / "partners" / f"{code}.json").read_text()))

    def with_refused_account(self) -> list[Player]:
        """Players whose payout account was refused by the bank or wallet."""
        refused = set(PayeeAccount.objects.filter(state="refused").values_list("citizen_id", flat=True))
        numbers = {number for number, key in self.citizens.items() if key in refused}
        return [player for player in self.players if player.number in numbers]

    def invited(self, wave_id: UUID) -> list[tuple[Player, UUID]]:
        """Players asked for the outcome survey who have not answered yet."""
        numbers = {key: number for number, key in self.citizens.items()}
        return [(self.players[numbers[key]], key) for key in unanswered(wave_id)]

    @cached_property
    def graduates(self) -> set[UUID]:
        return set(Certificate.objects.filter(state="issued").values_list("citizen_id", flat=True))

    def outcome(self, player: Player, citizen_id: UUID) -> tuple[bool, int] | None:
        """What the player answers a year's end later: who finished a training works a little more often and earns more.

        One in nine does not answer.
        """
        dice = self.derive(f"outcome {player.number}")
        if dice[0] % 9 == 0:
            return None
        gain = TRUE_EFFECT_PERCENT if citizen_id in self.graduates else 0
        employed = dice[1] % 100 < 55 + gain // 2
        return employed, player.base_income * (100 + gain) // 100 if employed else 0

    def some_transfers(self, count: int) -> list[str]:
        """References of the treasury's funding, the wave's allocation and of people's own grants and purchases."""
        public = ["fund:DIPA-2023-1", *(f"allocate:{key}" for key in {award.wave_id for award in self.awards.values()})]
        keys = sorted(training_account(award.id) for award in self.awards.values())[: count // 3]
        return public + [line.reference for key in keys for line in statement(key)][:count]

    def some_certificates(self, count: int) -> list[str]:
        return list(
            Certificate.objects.filter(state="issued").order_by("number").values_list("number", flat=True)[:count]
        )
