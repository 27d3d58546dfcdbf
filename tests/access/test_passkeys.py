"""Passkeys against a device in software: honest, and lying in every part."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticatorData
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.access import actions, queries, rules, webauthn
from bekal.access.actions import Challenge, Told
from bekal.access.models import Passkey
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.notices.models import Notice
from tests.access.passkey_device import SITE, Device

AT = datetime(2023, 8, 1, 3, tzinfo=UTC)
SITI, BUDI = Actor.citizen(UUID(int=1)), Actor.citizen(UUID(int=2))
NOBODY = Actor("visitor", "")
TOLD = Told("+62811", "id")
BYTES = b"\x42" * 32
OPEN = Challenge(BYTES, AT)


def made(
    device: Device, by: Actor = SITI, at: datetime = AT, challenge: Challenge | None = OPEN, **lies: Any
) -> Passkey:
    known = [one.credential_id for one in queries.passkeys_of(by)]
    options = dict(webauthn.creation_options(SITE, BYTES, queries.principal_key(by), "Siti", known))
    answer = device.register(json.loads(json.dumps(options)), **lies)
    return actions.register_passkey(by=by, at=at, challenge=challenge, answer=answer, name="Ponsel", told=TOLD)


def used(device: Device, at: datetime = AT, challenge: Challenge | None = OPEN, **lies: Any) -> Actor:
    options = json.loads(json.dumps(dict(webauthn.request_options(SITE, BYTES))))
    return actions.use_passkey(by=NOBODY, at=at, challenge=challenge, answer=device.sign(options, **lies))


def test_what_a_browser_is_asked() -> None:
    options = json.loads(json.dumps(dict(webauthn.creation_options(SITE, BYTES, "citizen:1", "Siti", [b"\x01"]))))
    assert options["rp"] == {"name": "Bekal", "id": "localhost"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [one["id"] for one in options["excludeCredentials"]] == ["AQ"]
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    asked = json.loads(json.dumps(dict(webauthn.request_options(SITE, BYTES))))
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials"), "no number typed, no key named: nobody learns who has one"


@pytest.mark.django_db
class TestOnTables:
    def test_a_key_is_added_used_and_removed(self) -> None:
        device = Device()
        row = made(device)
        assert (row.transports, row.sign_count) == (["hybrid", "internal"], 0)
        assert used(device) == used(device, at=AT + timedelta(minutes=4)) == SITI
        [view] = queries.passkeys_of(SITI)
        assert (view.name, view.last_used_at) == ("Ponsel", AT + timedelta(minutes=4))
        assert Passkey.objects.get().sign_count == 2
        actions.remove_passkey(by=BUDI, at=AT, credential_id=view.credential_id, told=TOLD)
        assert queries.passkeys_of(SITI), "nobody removes another's key"
        for _ in range(2):
            actions.remove_passkey(by=SITI, at=AT, credential_id=view.credential_id, told=TOLD)
        with pytest.raises(actions.PasskeyUnknown):
            used(device)
        kinds = list(Event.objects.filter(person_id=SITI.key).order_by("id").values_list("kind", flat=True))
        assert kinds == [f"access.passkey_{word}" for word in ("added", "used", "used", "removed")]
        assert Notice.objects.count() == 2, "its owner is told of both"

    @pytest.mark.parametrize(
        "lie",
        [
            {"origin": "https://bekal.evil.example"}, {"origin": "http://localhost:8001"}, {"origin": SITE + "."},
            {"host": "evil.example"}, {"signed": websafe_encode(b"\x43" * 32)}, {"ceremony": "payment.get"},
            {"flags": AuthenticatorData.FLAG.UP}, {"flags": AuthenticatorData.FLAG.UV},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_lie_is_refused_at_adding_and_at_use(self, lie: dict[str, Any]) -> None:
        device = Device()
        with pytest.raises(actions.PasskeyUnfit):
            made(device, **lie)
        made(device)
        with pytest.raises(actions.PasskeyUnfit):
            used(device, **lie)
        assert Event.objects.filter(kind="access.passkey_refused", why="access.passkey_unfit").count() == 1
        assert used(device) == SITI, "the honest owner is not locked out"

    def test_an_answer_for_adding_does_not_sign_in_and_the_other_way_round(self) -> None:
        device = Device()
        made(device)
        with pytest.raises(actions.PasskeyUnfit):
            used(device, ceremony="webauthn.create")
        with pytest.raises(actions.PasskeyUnfit):
            made(Device(credential_id=b"\x08" * 16), ceremony="webauthn.get")

    def test_a_challenge_lives_five_minutes(self) -> None:
        device = Device()
        late = AT + timedelta(minutes=5, seconds=1)
        for challenge, at in ((None, AT), (OPEN, late), (OPEN, AT - timedelta(seconds=1))):
            with pytest.raises(actions.PasskeyLate):
                made(device, at=at, challenge=challenge)
        made(device)
        for challenge, at in ((None, AT), (OPEN, late)):
            with pytest.raises(actions.PasskeyLate):
                used(device, at=at, challenge=challenge)

    def test_another_ones_key_opens_another_ones_account_only(self) -> None:
        hers, his = Device(), Device(credential_id=b"\x09" * 32)
        made(hers)
        made(his, by=BUDI)
        with pytest.raises(actions.PasskeyUnfit):
            used(his, credential_id=hers.credential_id)
        with pytest.raises(actions.PasskeyUnfit):
            used(his, owner=b"citizen:" + SITI.key.encode())
        with pytest.raises(actions.PasskeyUnfit):
            used(hers, signature=b"\x30\x06\x02\x01\x01\x02\x01\x01")
        assert (used(hers), used(his)) == (SITI, BUDI)

    def test_a_key_known_already_is_not_taken_over(self) -> None:
        made(Device())
        for by in (SITI, BUDI):
            with pytest.raises(actions.PasskeyTaken):
                made(Device(), by=by)
        assert Passkey.objects.get().principal == f"citizen:{SITI.key}"

    def test_a_copied_key_is_refused_and_recorded(self) -> None:
        device = Device()
        made(device)
        for _ in range(3):
            used(device)
        for counter in (3, 1, 0):
            with pytest.raises(actions.PasskeyCopied):
                used(device, counter=counter)
        event = Event.objects.filter(kind="access.passkey_refused").order_by("id")[1]
        assert (event.why, event.data, str(event.person_id)) == (
            "access.passkey_copied", {"counter": 1, "counter_before": 3}, SITI.key,
        )  # fmt: skip
        assert used(device, counter=99) == SITI

    def test_a_key_that_does_not_count_works(self) -> None:
        device = Device(counts=False)
        made(device)
        assert used(device) == used(device) == SITI

    def test_there_is_an_end_of_keys(self) -> None:
        for number in range(rules.PASSKEYS_AT_MOST):
            made(Device(credential_id=bytes([number]) * 16))
        with pytest.raises(actions.TooManyPasskeys):
            made(Device())

    def test_a_key_of_a_kind_we_did_not_ask_for_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webauthn, "ALGORITHMS", (-8,))
        with pytest.raises(actions.PasskeyUnfit):
            made(Device())

    @settings(max_examples=60, deadline=None)
    @given(
        st.one_of(
            st.text(max_size=50),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda one: st.lists(one, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData",
                                     "signature", "userHandle", "attestationObject", "transports"]), one, max_size=8),
                max_leaves=12,
            ).map(json.dumps),
            st.just("[" * 16_000), st.just('{"id":"\\ud800","rawId":"\\ud800"}'), st.just("x" * 20_000),
        )
    )  # fmt: skip
    def test_whatever_a_browser_sends_is_refused_in_a_sentence(self, answer: str) -> None:
        for act in (
            lambda: actions.use_passkey(by=NOBODY, at=AT, challenge=OPEN, answer=answer),
            lambda: actions.register_passkey(by=SITI, at=AT, challenge=OPEN, answer=answer, name="x", told=TOLD),
        ):
            with pytest.raises(Refused):
                act()

    @settings(max_examples=150, deadline=None)
    @given(part=st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "attestationObject"]),
           place=st.integers(0, 400), sign=st.sampled_from("AQgw_-"))  # fmt: skip
    def test_no_changed_sign_of_an_answer_passes(self, part: str, place: int, sign: str) -> None:
        device = Device()
        if not Passkey.objects.exists():
            made(device)
        else:
            device.credential_id = b"\x0a" * 32
            Passkey.objects.filter(credential_id=device.credential_id).delete()
            made(device)
        options = json.loads(json.dumps(dict(webauthn.request_options(SITE, BYTES))))
        answer = json.loads(device.sign(options))
        whole = answer["response"].get(part)
        if not whole or place >= len(whole) - 1 or whole[place] == sign:
            return
        answer["response"][part] = whole[:place] + sign + whole[place + 1 :]
        with pytest.raises(Refused):
            actions.use_passkey(by=NOBODY, at=AT, challenge=OPEN, answer=json.dumps(answer))


@given(before=st.integers(0, 2**32), now=st.integers(0, 2**32))
def test_a_counter_goes_forward_or_is_never_used(before: int, now: int) -> None:
    assert rules.counter_went_back(before, now) == (now <= before and before + now > 0)


@given(st.text(max_size=3_000))
def test_a_key_name_in_a_form_is_bytes_or_nothing(typed: str) -> None:
    found = webauthn.from_web(typed)
    assert found is None or isinstance(found, bytes)
