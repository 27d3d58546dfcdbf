"""Civil registry, face match, SMS gateway, job portal and beacon: the real clients against the real stand-ins."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from itertools import count

import httpx
import pytest

from bekal.engines.draw.beacon import BeaconRound, verify_round
from bekal.engines.draw.recorded import REHEARSAL
from bekal.engines.draw.source import round_time
from bekal.outside.wire import BadAnswer, Unreachable
from bekal.waves.ports import RoundNotYet
from tests.conformance.conftest import Stage

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
NUMBERS = count(1)
NIK, CARD, BORN = "3171014107900001", "3171010101010001", date(1990, 7, 1)


@pytest.fixture
def siti(stage: Stage) -> dict[str, object]:
    portrait = hashlib.sha256(b"portrait").hexdigest()
    person = {"nik": NIK, "family_card": CARD, "name": "SITI AMINAH", "birth_date": BORN, "portrait_sha256": portrait}
    stage.control.load_people([person | {"registers": ["pupil", "social_aid"]}])
    reference = f"R-{next(NUMBERS)}"
    return {"nik": NIK, "family_card": CARD, "name": "Siti  Aminah", "birth_date": BORN, "reference": reference}


def test_registry_matches_and_names_registers(stage: Stage, siti: dict[str, object]) -> None:
    answer = stage.client("registry").check(**siti)
    assert (answer.result, answer.mismatching, answer.registers) == ("match", (), ("pupil", "social_aid"))


def test_registry_names_what_differs(stage: Stage, siti: dict[str, object]) -> None:
    answer = stage.client("registry").check(**siti | {"name": "Siti", "family_card": "1" * 16})
    assert (answer.result, answer.mismatching) == ("mismatch", ("family_card", "name"))


def test_registry_does_not_know_everyone(stage: Stage, siti: dict[str, object]) -> None:
    assert stage.client("registry").check(**siti | {"nik": "9" * 16}).result == "not_found"


def test_wrong_secret_is_refused(stage: Stage, siti: dict[str, object]) -> None:
    with pytest.raises(BadAnswer, match="wrong signature"):
        stage.client("registry", secret="another").check(**siti)


def test_old_timestamp_is_refused(stage: Stage, siti: dict[str, object]) -> None:
    old = stage.client_at("registry", lambda: datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(BadAnswer, match="timestamp"):
        old.check(**siti)


def test_changed_body_is_refused(stage: Stage) -> None:
    answer = httpx.post(f"{stage.url}/registry/v1/check", json={"nik": NIK})
    assert answer.status_code == 401


def test_clock_is_shared_by_all(stage: Stage, siti: dict[str, object]) -> None:
    then = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
    stage.control.set_clock(then, ticks=False)
    assert stage.client_at("registry", lambda: then).check(**siti).as_of == date(2023, 8, 1)


def test_lost_answer_of_a_question_is_asked_again(stage: Stage, siti: dict[str, object]) -> None:
    stage.control.faults("registry", [{"match": {"reference": siti["reference"]}, "do": "lose_answer"}])
    assert stage.client("registry").check(**siti).result == "match"


def test_second_answer_is_never_taken_for_the_next(stage: Stage, siti: dict[str, object]) -> None:
    stage.control.faults("registry", [{"match": {"reference": siti["reference"]}, "do": "answer_twice"}])
    client = stage.client("registry")
    assert client.check(**siti).result == "match"
    stranger = siti | {"nik": "9" * 16, "reference": "R-stranger"}
    with pytest.raises(BadAnswer, match="another question"):
        client.check(**stranger)
    assert client.check(**stranger).result == "not_found"


def test_face_match_depends_on_the_photo(stage: Stage, siti: dict[str, object]) -> None:
    client = stage.client("face")
    mine, other = (
        client.compare(nik=NIK, photo=photo, reference=f"F-{photo.decode()}") for photo in (b"portrait", b"somebody")
    )
    assert mine.live
    assert mine.score > 90 > 60 > other.score
    assert client.compare(nik="9" * 16, photo=b"x", reference="F-2").score == 0


def test_sms_is_sent_once_per_reference(stage: Stage) -> None:
    client = stage.client("sms")
    stage.control.faults("sms", [{"match": {"reference": "S-1"}, "do": "lose_answer"}])
    for _ in range(2):
        client.send(to="+6281200000001", text="Kode Anda 123456", reference="S-1")
    assert [message["text"] for message in stage.control.inbox("+6281200000001")] == ["Kode Anda 123456"]
    assert stage.control.code("+6281200000001") == "123456"


def test_sms_reference_belongs_to_one_message(stage: Stage) -> None:
    client = stage.client("sms")
    client.send(to="+6281200000002", text="satu", reference="S-2")
    with pytest.raises(BadAnswer, match="another message"):
        client.send(to="+6281200000002", text="dua", reference="S-2")


def test_inbox_needs_the_token(stage: Stage) -> None:
    assert httpx.get(f"{stage.url}/sms/v1/inbox", params={"to": "+6281200000001"}).status_code == 403


def test_breaker_opens_and_lets_one_through_later(stage: Stage) -> None:
    stage.control.faults("sms", [{"match": {"path": "/sms/v1/messages"}, "do": "fail500", "times": 0}])
    time = [datetime.now(UTC)]
    client = stage.client_at("sms", lambda: time[0], breaker_failures="3", breaker_seconds="30")
    send = {"to": "+6281200000003", "text": "x", "reference": "S-3"}
    for _ in range(3):
        with pytest.raises(BadAnswer):
            client.send(**send)
    with pytest.raises(Unreachable, match="failed too often"):
        client.send(**send)
    stage.control.faults("sms", [])
    time[0] += timedelta(seconds=31)
    client.send(**send)


def test_slow_answer_is_no_answer(stage: Stage, siti: dict[str, object]) -> None:
    stage.control.faults(
        "registry", [{"match": {"reference": siti["reference"]}, "do": "delay", "ms": 900, "times": 0}]
    )
    with pytest.raises(Unreachable) as caught:
        stage.client("registry", timeout_seconds="0.3").check(**siti)
    assert caught.value.sent


def test_beacon_replays_a_recorded_round(stage: Stage) -> None:
    fetched = stage.client("beacon").fetch(chain_hash=QUICKNET, number=657413)
    assert hashlib.sha256(fetched.signature).digest() == fetched.randomness
    assert fetched.previous_signature is None


def test_round_in_the_future_is_too_early(stage: Stage) -> None:
    time_of_round = datetime.fromtimestamp(1692803367 + 3 * (657413 - 1), UTC)
    client = stage.client("beacon")
    stage.control.set_clock(time_of_round - timedelta(seconds=2), ticks=False)
    with pytest.raises(RoundNotYet):
        client.fetch(chain_hash=QUICKNET, number=657413)
    stage.control.set_clock(time_of_round, ticks=False)
    assert client.fetch(chain_hash=QUICKNET, number=657413).number == 657413


def test_the_rehearsals_chain_mints_any_round_whose_time_has_come(stage: Stage) -> None:
    client, number = stage.client("beacon"), 40_000_000
    stage.control.set_clock(round_time(REHEARSAL, number) - timedelta(seconds=1), ticks=False)
    with pytest.raises(RoundNotYet):
        client.fetch(chain_hash=REHEARSAL.chain_hash, number=number)
    stage.control.set_clock(round_time(REHEARSAL, number), ticks=False)
    fetched = client.fetch(chain_hash=REHEARSAL.chain_hash, number=number)
    verify_round(REHEARSAL, BeaconRound(number, fetched.randomness.hex(), fetched.signature.hex()))
    assert client.fetch(chain_hash=REHEARSAL.chain_hash, number=1).number == 1


def test_lying_beacon_changes_the_signature(stage: Stage) -> None:
    stage.control.faults("beacon", [{"match": {}, "do": "lie"}])
    fetched = stage.client("beacon").fetch(chain_hash=QUICKNET, number=657413)
    assert hashlib.sha256(fetched.signature).digest() != fetched.randomness


def test_portal_pages_are_read_to_the_end(stage: Stage) -> None:
    stage.control.generate_vacancies(7, 450, [{"code": "3171", "name": "Jakarta Pusat"}, "3578"])
    postings = list(stage.client("portal").postings())
    assert len({posting.key for posting in postings}) == 450
    assert {posting.regency for posting in postings} == {"3171", "3578"}
    assert all(p.skills and p.wage_low and p.wage_high and p.wage_low < p.wage_high for p in postings)
    stage.control.generate_vacancies(7, 450, [{"code": "3171", "name": "Jakarta Pusat"}, "3578"])
    assert list(stage.client("portal").postings()) == postings


def test_garbled_posting_is_refused(stage: Stage) -> None:
    stage.control.generate_vacancies(7, 3, ["3171"])
    stage.control.faults("portal", [{"match": {}, "do": "lie"}])
    with pytest.raises(BadAnswer, match="lacks or garbles"):
        list(stage.client("portal").postings())
