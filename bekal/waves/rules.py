"""Which stratum a person draws in, and how the places of a wave are shared out."""

from collections.abc import Mapping
from typing import Protocol

from bekal.engines.draw.quotas import QuotaPolicy

GENERAL = "general"


class Share(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def floor_percent(self) -> int: ...


def region_of(regency_code: str, level: str) -> str:
    """The region a person is counted in: the regency itself, or its province (the first two digits)."""
    return regency_code if level == "regency" else regency_code[:2]


def quota_policy(
    shares: tuple[Share, ...], *, region_weights: Mapping[str, int] | None, region_floor: int
) -> QuotaPolicy:
    """What a programme's selection says, in the terms of the draw engine."""
    return QuotaPolicy(
        region_weights=region_weights,
        group_order=tuple(share.code for share in shares),
        group_floor_percent={share.code: share.floor_percent for share in shares},
        region_floor=region_floor,
    )
