"""Which stratum a person draws in, and how the places of a wave are shared out."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta, timezone

from bekal.engines.draw.quotas import QuotaPolicy
from bekal.rulebooks.rules import Selection

GENERAL = "general"
OFFICE_TIME = timezone(timedelta(hours=7), "WIB")
GONE = "gone"
"""Reason of an exclusion: the person is no longer registered."""
AGE_GROUPS = ((18, 25), (26, 35), (36, 45), (46, 55))


def region_of(regency_code: str, level: str) -> str:
    """The region a person is counted in: the regency itself, or its province (the first two digits)."""
    return regency_code if level == "regency" else regency_code[:2]


def reason_to_exclude(outcome: str, refused_by: Sequence[str]) -> str:
    """The first rule that refused a person, in the programme's order; "" for who stays on the roll.

    `outcome`: eligible, pending or refused. Pending stays: what is missing is not the person's to bring.
    """
    return refused_by[0] if outcome == "refused" else ""


def places_policy(selection: Selection, *, region_weights: Mapping[str, int] | None) -> QuotaPolicy:
    """What a programme's selection says, in the terms of the draw engine. Raises its QuotaRefused."""
    groups = selection.groups
    return QuotaPolicy(
        region_weights=region_weights,
        region_floor=selection.floor_of_regions,
        region_cap=selection.cap_of_regions,
        region_fixed={region.code: region.share for region in selection.regions},
        group_order=tuple(group.code for group in groups),
        group_floor={group.code: group.floor for group in groups if group.floor},
        group_cap={group.code: group.cap for group in groups if group.cap},
        unused=selection.unused,
    )


def age_group(born: date, on: date) -> str:
    """The age group of the programme's statistics that a person is in, e.g. "26-35"; "56+" above all."""
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    for least, most in AGE_GROUPS:
        if age <= most:
            return f"{least}-{most}"
    return f"{AGE_GROUPS[-1][1] + 1}+"
