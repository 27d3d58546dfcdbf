"""A draw is annulled in public, for a known reason, at its time, with evidence; anything else is caught."""

import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.annulment import (
    AnnulmentRefused,
    failed_output,
    make_annulment,
    publish,
    verify_annulment,
    withheld,
)
from bekal.engines.draw.beacon import DEFAULT
from bekal.engines.draw.commitment import SignaturesRefused, commitment_hash, document_hash, public_key_hex
from bekal.engines.draw.instants import instant_text
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.source import Ceremony, CeremonyOpen, Secrets, read_source
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import (
    CEREMONY,
    COMMITTED_AT,
    annulled,
    annulments,
    endorsements,
    keys,
    private_key,
    sample,
    secret,
)
from tests.engines.tampering import edits, flipped

TICK, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
OUTPUT_TEST = {"attributes": "ab" * 32, "bytes": 900, "tests": ["age", "sex", "day"], "level_ppm": 1000}
DRAND = {**sample().commitment, "output_test": OUTPUT_TEST}
HELD = sample(kind="ceremony").commitment
DRAND_SOURCE, CEREMONY_SOURCE = read_source(DRAND["source"]), read_source(HELD["source"])
assert isinstance(CEREMONY_SOURCE, Ceremony)
REVEALED = {name: secret(name) for name in CEREMONY}
BUNDLE = {**sample().bundle, "commitment": DRAND}


def report(commitment: dict[str, Any] = DRAND, p: str = "0.000333", **changes: Any) -> dict[str, Any]:
    """A report that failed: 0.000333 is just below 1000 in a million among three tests."""
    tests = [{"attribute": name, "p": value} for name, value in (("age", "1.000000"), ("sex", p), ("day", "0.500000"))]
    said = {
        "format": "bekal-draw-output-test/1",
        "commitment": commitment_hash(commitment).hex(),
        "result": sample().bundle["result"]["root"],
        "tests": tests,
        "passed": False,
    }
    return {**said, **changes}


MISSING_ONE = withheld(CEREMONY_SOURCE, {name: secret(name) for name in CEREMONY[:2]})
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "withdrawn": (DRAND, {"why": "a list was missing"}),
    "unsigned": (DRAND, {}),
    "beacon_silent": (DRAND, {}),
    "reveal_withheld": (HELD, MISSING_ONE),
    "output_test_failed": (DRAND, failed_output(BUNDLE, report())),
}
TIMES = {
    "withdrawn": (COMMITTED_AT, DRAND_SOURCE.due_at - TICK),
    "unsigned": (DRAND_SOURCE.due_at, None),
    "beacon_silent": (DRAND_SOURCE.wait_until, None),
    "reveal_withheld": (CEREMONY_SOURCE.wait_until, None),
    "output_test_failed": (DRAND_SOURCE.due_at, None),
}
REASONS = pytest.mark.parametrize("reason", list(CASES))


@cache
def right(reason: str) -> dict[str, Any]:
    """The annulment of this reason, as early as may be."""
    return annulled(*CASES[reason][:1], reason, CASES[reason][1], TIMES[reason][0])


def wrong(reason: Any, commitment: dict[str, Any], evidence: Any, at: Any = None) -> str:
    with pytest.raises((AnnulmentRefused, CeremonyOpen)) as refusal:
        make_annulment(commitment=commitment, reason=reason, evidence=evidence, at=at or TIMES[reason][0])
    return str(refusal.value)


@REASONS
def test_an_honest_annulment_stands(reason: str) -> None:
    commitment, evidence = CASES[reason]
    published = right(reason)
    assert published["annulment"] == {
        "format": "bekal-draw-annulment/1",
        "wave": commitment["wave"],
        "sequence": 1,
        "commitment": naive.hash_of(commitment).hex(),
        "reason": reason,
        "evidence": evidence,
        "at": instant_text(TIMES[reason][0]),
    }
    assert verify_annulment(published, commitment) == []
    assert verify_annulment(json.loads(rfc8785.dumps(published)), commitment) == []
    trusted: dict[str, Any] = {"operators": keys("operator"), "witnesses": keys("witness")}
    assert verify_annulment(published, commitment, **trusted) == []


def test_the_samples_stand() -> None:
    for published in annulments().values():
        commitment = published.pop("commitment")
        assert verify_annulment(published, commitment) == []


@REASONS
def test_the_time_of_each_reason(reason: str) -> None:
    (first, last), (commitment, evidence) = TIMES[reason], CASES[reason]
    for at in (first - TICK, *([last + TICK] if last else [])):
        assert f"not annulled as {reason} at" in wrong(reason, commitment, evidence, at)
    for at in (first, last or first + timedelta(days=900)):
        assert make_annulment(commitment=commitment, reason=reason, evidence=evidence, at=at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "evidence"),
    [
        ("withdrawn", {}),
        ("withdrawn", {"why": ""}),
        ("withdrawn", {"why": 1}),
        ("withdrawn", {"why": "x", "more": 1}),
        ("unsigned", {"why": "x"}),
        ("beacon_silent", {"why": "x"}),
        ("reveal_withheld", {**MISSING_ONE, "missing": []}),
        ("reveal_withheld", {**MISSING_ONE, "missing": ["audit_board"]}),
        ("reveal_withheld", {**MISSING_ONE, "more": 1}),
        ("reveal_withheld", {"secrets": REVEALED, "missing": ["students"]}),
        ("reveal_withheld", withheld(CEREMONY_SOURCE, REVEALED)),
        ("reveal_withheld", {"secrets": {"audit_board": "00" * 32}, "missing": ["press_council", "students"]}),
        ("reveal_withheld", {"secrets": {"stranger": "00" * 32}, "missing": list(CEREMONY)}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(), "more": 1}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(passed=True)}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(passed=0)}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(p="0.000334")}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(commitment=HELD)}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(tests=report()["tests"][1:])}),
        ("output_test_failed", {"bundle": "00" * 32, "report": report(tests=report()["tests"][::-1])}),
    ],
)
def test_wrong_evidence_is_refused(reason: str, evidence: dict[str, Any]) -> None:
    assert wrong(reason, CASES[reason][0], evidence)
    forged = {**right(reason)["annulment"], "evidence": evidence}
    published = {**right(reason), "annulment": forged, "signatures": endorsements(forged, TIMES[reason][0])}
    assert verify_annulment(published, CASES[reason][0])


def test_evidence_fits_the_source() -> None:
    assert "does not show" in wrong("beacon_silent", HELD, {}, CEREMONY_SOURCE.wait_until)
    assert "does not show" in wrong("reveal_withheld", DRAND, MISSING_ONE, DRAND_SOURCE.wait_until)
    evidence = failed_output(BUNDLE, report(HELD))
    assert "does not show" in wrong("output_test_failed", HELD, evidence, CEREMONY_SOURCE.wait_until)
    assert "no reason" in wrong("bad weather", DRAND, {}, DRAND_SOURCE.wait_until)


def test_a_level_is_compared_in_whole_numbers() -> None:
    """As written, p times the number of tests is below the level or it is not: no rounding of binary fractions."""
    commitment = {**DRAND, "output_test": {**OUTPUT_TEST, "level_ppm": 999}}
    evidence = failed_output(BUNDLE, report(commitment, p="0.000333"))
    assert "does not show" in wrong("output_test_failed", commitment, evidence)
    assert make_annulment(
        commitment=commitment,
        reason="output_test_failed",
        evidence=failed_output(BUNDLE, report(commitment, p="0.000332")),
        at=DRAND_SOURCE.due_at,
    )
    for p in ("nan", "1e-9", "-1.000000", "0.0", "0.0000001", " 0.000000", "2.000000"):
        with pytest.raises(ValueError, match="six places"):
            make_annulment(
                commitment=DRAND,
                reason="output_test_failed",
                evidence=failed_output(BUNDLE, report(p=p)),
                at=DRAND_SOURCE.due_at,
            )


def signatures_refused(document: dict[str, Any], signatures: Any, commitment: dict[str, Any]) -> str:
    with pytest.raises(SignaturesRefused) as refusal:
        publish(document, keys("operator"), keys("witness"), signatures, commitment)
    return str(refusal.value)


@REASONS
def test_who_must_sign_it(reason: str) -> None:
    commitment, document, at = CASES[reason][0], right(reason)["annulment"], TIMES[reason][0]
    signatures = endorsements(document, at)
    for missing in signatures:
        few = [said for said in signatures if said != missing]
        assert f"1 of 2 {missing['role']}" in signatures_refused(document, few, commitment)
        assert verify_annulment({**right(reason), "signatures": few}, commitment)
    early = endorsements(document, at - TICK)
    assert "outside the time" in signatures_refused(document, early, commitment)
    other = endorsements({**document, "at": instant_text(at + MINUTE)}, at)
    assert "the signature is wrong" in signatures_refused(document, other, commitment)
    assert "one key or name signed twice" in signatures_refused(document, [*signatures, signatures[0]], commitment)


def test_the_parties_of_a_ceremony_do_not_sign_its_end() -> None:
    document = right("reveal_withheld")["annulment"]
    source = {"source": HELD["source"]}
    all_seven = [s for s in endorsements({**document, **source}, CEREMONY_SOURCE.wait_until) if s["role"] == "party"]
    signatures = [*endorsements(document, CEREMONY_SOURCE.wait_until), *all_seven]
    assert "party audit_board is not a known party" in signatures_refused(document, signatures, HELD)


def test_a_withdrawal_is_signed_before_the_outcome_could_be_known() -> None:
    document = make_annulment(commitment=DRAND, reason="withdrawn", evidence={"why": "x"}, at=COMMITTED_AT)
    assert publish(
        document, keys("operator"), keys("witness"), endorsements(document, DRAND_SOURCE.due_at - TICK), DRAND
    )
    for at in (DRAND_SOURCE.due_at, DRAND_SOURCE.due_at + MINUTE):
        assert "outside the time" in signatures_refused(document, endorsements(document, at), DRAND)
    silent = right("beacon_silent")["annulment"]
    assert publish(
        silent,
        keys("operator"),
        keys("witness"),
        endorsements(silent, DRAND_SOURCE.wait_until + timedelta(days=9)),
        DRAND,
    )


def test_the_round_refutes_its_silence() -> None:
    published, there = right("beacon_silent"), RECORDED_ROUNDS["quicknet", 123]
    assert verify_annulment(published, DRAND, shown=there) == [
        "the randomness is there: the draw must not be annulled as beacon_silent"
    ]
    for no_round in (RECORDED_ROUNDS["quicknet", 3], Secrets(REVEALED)):
        assert verify_annulment(published, DRAND, shown=no_round) == []


def test_the_secrets_refute_that_they_were_withheld() -> None:
    published = right("reveal_withheld")
    assert "must not be annulled" in verify_annulment(published, HELD, shown=Secrets(REVEALED))[0]
    for not_all in (Secrets(MISSING_ONE["secrets"]), Secrets({**REVEALED, "students": "00" * 32})):
        assert verify_annulment(published, HELD, shown=not_all) == []


def test_full_signatures_refute_that_there_were_too_few() -> None:
    published, signed = right("unsigned"), endorsements(DRAND)
    people = keys("operator"), keys("witness")
    assert "signed in full" in verify_annulment(published, DRAND, signed=(*people, signed))[0]
    assert verify_annulment(published, DRAND, signed=(*people, signed[1:])) == []
    assert verify_annulment(published, DRAND, signed=(*people, endorsements(DRAND, DRAND_SOURCE.due_at))) == []


def test_the_bundle_of_a_failed_draw_is_the_one_that_was_published() -> None:
    published = right("output_test_failed")
    other = {**BUNDLE, "result": {**BUNDLE["result"], "root": "00" * 32}}
    assert verify_annulment(published, DRAND, bundle=BUNDLE) == []
    expected = ["the annulled result is not the one that was published"]
    assert verify_annulment(published, DRAND, bundle=other) == expected
    evidence = failed_output(other, report())
    again = annulled(DRAND, "output_test_failed", evidence, DRAND_SOURCE.due_at)
    assert verify_annulment(again, DRAND, bundle=other) == expected


@REASONS
def test_nothing_refutes_another_reason(reason: str) -> None:
    commitment, published = CASES[reason][0], right(reason)
    everything: dict[str, Any] = {
        "bundle": BUNDLE,
        "shown": Secrets(REVEALED) if commitment is HELD else RECORDED_ROUNDS["quicknet", 123],
        "signed": (keys("operator"), keys("witness"), endorsements(commitment)),
    }
    refuted = reason in {"unsigned", "beacon_silent", "reveal_withheld"}
    assert bool(verify_annulment(published, commitment, **everything)) == refuted


def test_other_chains_and_keys_are_caught() -> None:
    published = right("beacon_silent")
    assert "not one that is trusted" in verify_annulment(published, DRAND, chains={"default": DEFAULT})[0]
    for role in ("operators", "witnesses"):
        trusted: dict[str, Any] = {"operators": keys("operator"), "witnesses": keys("witness")}
        name = next(iter(trusted[role]))
        trusted[role] = {**trusted[role], name: public_key_hex(private_key("another"))}
        assert verify_annulment(published, DRAND, **trusted) == [f"{role} {name}: not the published key"]


def test_it_ends_one_draw_alone() -> None:
    published = right("beacon_silent")
    for other in ({"sequence": 2, "previous": "00" * 32}, {"wave": "another"}, {"places": 14}):
        assert verify_annulment(published, {**DRAND, **other})
    assert document_hash(published["annulment"]) == naive.hash_of(published["annulment"])


@REASONS
def test_every_member_is_checked(reason: str) -> None:
    published, commitment = right(reason), CASES[reason][0]
    form = rfc8785.dumps(published)
    changes = [changed for changed in edits(published) if rfc8785.dumps(changed) != form]
    assert [changed for changed in changes if not verify_annulment(changed, commitment)] == []
    junk: list[Any] = [None, [], {}, 5, "x", {"annulment": {}}]
    assert all(verify_annulment(other, commitment) for other in junk)
    assert verify_annulment(published, {})


@given(st.sampled_from(list(CASES)), st.data())
@settings(max_examples=150, deadline=None)
def test_one_flipped_bit_anywhere_is_caught(reason: str, data: st.DataObject) -> None:
    file = rfc8785.dumps(right(reason))
    changed = flipped(file, data.draw(st.integers(0, 8 * len(file) - 1)))
    try:
        published = json.loads(changed)
    except ValueError:
        return
    assert verify_annulment(published, CASES[reason][0])
