"""Every write of the room, split by noun."""

from bekal.access.actions.approvals import NotProposed, SameEyes, approve, propose
from bekal.access.actions.codes import (
    CodeExpired,
    CodeTooSoon,
    CodeUsed,
    CodeWrong,
    TooManyTries,
    forget_codes,
    issue_code,
    redeem_code,
)
from bekal.access.actions.links import DemoLinkRefused, LinkNotGood, create_sign_in_link, use_sign_in_link
from bekal.access.actions.passkeys import (
    Challenge,
    PasskeyCopied,
    PasskeyLate,
    PasskeyTaken,
    PasskeyUnfit,
    PasskeyUnknown,
    Told,
    TooManyPasskeys,
    register_passkey,
    remove_passkey,
    use_passkey,
)
from bekal.access.actions.principals import end_sessions, forget_principal
from bekal.access.actions.sign_ins import ProofWrong, TooManyProofs, give_proof, record_sign_in
from bekal.access.actions.staff import add_staff

__all__ = [
    "Challenge",
    "CodeExpired",
    "CodeTooSoon",
    "CodeUsed",
    "CodeWrong",
    "DemoLinkRefused",
    "LinkNotGood",
    "NotProposed",
    "PasskeyCopied",
    "PasskeyLate",
    "PasskeyTaken",
    "PasskeyUnfit",
    "PasskeyUnknown",
    "ProofWrong",
    "SameEyes",
    "Told",
    "TooManyPasskeys",
    "TooManyProofs",
    "TooManyTries",
    "add_staff",
    "approve",
    "create_sign_in_link",
    "end_sessions",
    "forget_codes",
    "forget_principal",
    "give_proof",
    "issue_code",
    "propose",
    "record_sign_in",
    "redeem_code",
    "register_passkey",
    "remove_passkey",
    "use_passkey",
    "use_sign_in_link",
]
