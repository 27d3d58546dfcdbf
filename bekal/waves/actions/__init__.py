"""Every write about waves and their draws."""

from bekal.waves.actions.annulments import countersign_annulment, propose_annulment, sign_annulment
from bekal.waves.actions.draws import (
    commit_roll,
    countersign,
    register_witness,
    reveal,
    run_draw,
    sign_commitment,
)
from bekal.waves.actions.joining import JOIN, Joined, join_wave
from bekal.waves.actions.refusals import (
    AlreadyCommitted,
    AlreadyDrawn,
    ChainNotTrusted,
    NobodyJoined,
    NoSelection,
    NotAnnulled,
    NotSettled,
    NotYetDue,
    RevealRefused,
    RoundMismatch,
    SignatureWrong,
    WaveClosed,
)
from bekal.waves.actions.settling import settle_joinings
from bekal.waves.actions.waves import (
    announce_wave,
    close_wave,
    end_waiting_list,
    open_wave,
    plan_wave,
    settle_applications,
)

__all__ = [
    "JOIN",
    "AlreadyCommitted",
    "AlreadyDrawn",
    "ChainNotTrusted",
    "Joined",
    "NoSelection",
    "NobodyJoined",
    "NotAnnulled",
    "NotSettled",
    "NotYetDue",
    "RevealRefused",
    "RoundMismatch",
    "SignatureWrong",
    "WaveClosed",
    "announce_wave",
    "close_wave",
    "commit_roll",
    "countersign",
    "countersign_annulment",
    "end_waiting_list",
    "join_wave",
    "open_wave",
    "plan_wave",
    "propose_annulment",
    "register_witness",
    "reveal",
    "run_draw",
    "settle_applications",
    "settle_joinings",
    "sign_annulment",
    "sign_commitment",
]
