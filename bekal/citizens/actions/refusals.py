"""What the citizens room says no to."""

from typing import ClassVar

from bekal.core.errors import Refused


class NikMalformed(Refused):
    """The typed number cannot be a NIK."""

    code: ClassVar[str] = "citizens.nik_length"


class NikWrongLength(NikMalformed):
    code = "citizens.nik_length"


class NikHasLetters(NikMalformed):
    code = "citizens.nik_letters"


class NikRegionUnknown(NikMalformed):
    code = "citizens.nik_region"


class NikDateImpossible(NikMalformed):
    code = "citizens.nik_date"


class NikOtherBirthDate(NikMalformed):
    """The NIK tells another birth date. Facts: nik_id, nik_en, said_id, said_en, the two dates in words."""

    code = "citizens.nik_other_birth_date"


class NikOfAWoman(NikMalformed):
    code = "citizens.nik_other_woman"


class NikOfAMan(NikMalformed):
    code = "citizens.nik_other_man"


class NikTaken(Refused):
    code = "citizens.nik_taken"


class PhoneMalformed(Refused):
    code = "citizens.phone_malformed"


class PhoneHasLetters(PhoneMalformed):
    code = "citizens.phone_letters"


class PhoneWrongLength(PhoneMalformed):
    code = "citizens.phone_length"


class PhoneNotMobile(PhoneMalformed):
    code = "citizens.phone_start"


class PhoneTaken(Refused):
    code = "citizens.phone_taken"


class FamilyCardMalformed(Refused):
    code = "citizens.family_card_length"


class FamilyCardIsNik(Refused):
    code = "citizens.family_card_is_nik"


class NameMissing(Refused):
    code = "citizens.name_missing"


class NameIsNumber(NameMissing):
    code = "citizens.name_number"


class NameTooLong(Refused):
    code = "citizens.name_too_long"


class NameHasSign(Refused):
    code = "citizens.name_sign"


class BirthDateImpossible(Refused):
    code = "citizens.birth_date_impossible"


class UnderAge(Refused):
    """Too young for an identity card, which is issued from 17 on (UU 24/2013)."""

    code = "citizens.under_age"


class ChoiceUnknown(Refused):
    code = "citizens.choice_unknown"


class ConsentMissing(Refused):
    code = "citizens.consent_missing"


class PhotoRefused(Refused):
    """The bytes are no photo that can be compared."""

    code = "citizens.photo_unreadable"


class PhotoMissing(PhotoRefused):
    code = "citizens.photo_missing"


class PhotoTooBig(PhotoRefused):
    code = "citizens.photo_big"


class PhotoUnreadable(PhotoRefused):
    code = "citizens.photo_unreadable"


class PhotoMoving(PhotoRefused):
    code = "citizens.photo_moving"


class PhotoTooManyPixels(PhotoRefused):
    code = "citizens.photo_pixels"


class PhotoTooSmall(PhotoRefused):
    code = "citizens.photo_small"


class PhotoInCheck(Refused):
    """A photo is here already and its answer is on the way, from the face match or from a human."""

    code = "citizens.photo_in_check"


class FaceSettled(Refused):
    code = "citizens.face_settled"


class FaceBeforeData(Refused):
    """The person's data differ from the registry's, so there is no portrait to compare with."""

    code = "citizens.face_before_data"


class CaseGone(Refused):
    """The case is decided, or another reviewer has it now."""

    code = "citizens.case_gone"


class DecisionMissing(Refused):
    code = "citizens.decision_missing"


class IdentitySettled(Refused):
    """The registry has confirmed who this is; identity and phone no longer change by typing."""

    code = "citizens.identity_settled"


class PhoneNotHere(Refused):
    """The phone changes on its own page, with a fresh proof and a day's notice."""

    code = "citizens.phone_not_here"


class ConsentNeeded(Refused):
    """The check of identity cannot be withdrawn while the person takes part."""

    code = "citizens.consent_needed"


class FreshProofMissing(Refused):
    """Neither a code to the old number nor another proof of who asks."""

    code = "citizens.fresh_proof_missing"


class PhoneSame(Refused):
    code = "citizens.phone_same"


class ChangeWaits(Refused):
    """One change at a time. Facts: at_id, at_en, when the waiting one takes effect."""

    code = "citizens.change_waits"


class ChangeGone(Refused):
    code = "citizens.change_gone"


class RecoveryGone(Refused):
    """No such recovery, or it was decided, stopped or has lapsed."""

    code = "citizens.recovery_gone"


class RecoveryChanged(Refused):
    """What is to be approved is not what was proposed."""

    code = "citizens.recovery_changed"


class RecoveryNeedsReason(Refused):
    code = "citizens.recovery_needs_reason"


REFUSALS: dict[str, type[Refused]] = {
    refusal.code.removeprefix("citizens."): refusal
    for refusal in (
        NikWrongLength, NikHasLetters, NikRegionUnknown, NikDateImpossible, NikOtherBirthDate, NikOfAWoman, NikOfAMan,
        PhoneMalformed, PhoneHasLetters, PhoneWrongLength, PhoneNotMobile, FamilyCardMalformed, FamilyCardIsNik,
        NameMissing, NameIsNumber, NameTooLong, NameHasSign, BirthDateImpossible, UnderAge, ChoiceUnknown,
        ConsentMissing,
    )
}  # fmt: skip

PHOTO_REFUSALS: dict[str, type[PhotoRefused]] = {
    refusal.code.removeprefix("citizens."): refusal
    for refusal in (PhotoMissing, PhotoTooBig, PhotoUnreadable, PhotoMoving, PhotoTooManyPixels, PhotoTooSmall)
}
