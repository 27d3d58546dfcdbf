"""What looks like a typing error and may yet be right. Pure: a doubt is told, the person looks again and decides.

Nothing here refuses: a NIK keeps the code of a dissolved district, families move next door, a name may hold a digit.
"""

import re

from lokal.phone import parse_phone

from bekal.citizens.districts import is_known_district
from bekal.citizens.rules import Details, Fault

_DIGIT_IN_WORD = re.compile(r"[^\W\d_]\d|(?<![\d])\d[^\W\d_]{3,}")


def doubts(details: Details) -> list[tuple[str, Fault]]:
    """What to look at again, each with the name of the answer. The kinds are the texts `citizens.doubt.<kind>`."""
    found = (
        ("nik", nik_doubt(details.nik, details.family_card)),
        ("name", name_doubt(details.name)),
        ("phone", phone_doubt(details.phone)),
    )
    return [(answer, fault) for answer, fault in found if fault]


def nik_doubt(nik: str, family_card: str) -> Fault | None:
    """A district that we do not know, or one that is a slip of the finger away from that of the family card."""
    if not is_known_district(nik[:6]):
        return Fault("nik_district", {"region": nik[:6]})
    if _one_slip_apart(nik[:6], family_card[:6]):
        return Fault("nik_beside_card", {"nik": nik[:6], "card": family_card[:6]})
    return None


def name_doubt(name: str) -> Fault | None:
    """A digit inside a word, as of an O that became a 0; "3rd" and "R.M. 2" are no doubt."""
    word = next((word for word in name.split() if _DIGIT_IN_WORD.search(word)), None)
    return Fault("name_digit", {"word": word}) if word else None


def phone_doubt(number: str) -> Fault | None:
    """A prefix (of E.164) that no operator has."""
    found = parse_phone(number)
    return None if found.operator else Fault("phone_prefix", {"prefix": "0" + number[3:6]})


def _one_slip_apart(one: str, other: str) -> bool:
    """One digit differs, or two neighbours are swapped."""
    places = [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
    swapped = len(places) == 2 and places[1] == places[0] + 1 and one[places[0]] == other[places[1]]
    return len(places) == 1 or (swapped and one[places[1]] == other[places[0]])
