"""Why something about a wave or its draw is refused."""

from bekal.core.errors import Refused


class NoSelection(Refused):
    code = "waves.no_selection"


class WaveClosed(Refused):
    code = "waves.wave_closed"


class NotYetDue(Refused):
    code = "waves.not_yet_due"


class NotSettled(Refused):
    code = "waves.not_settled"


class NobodyJoined(Refused):
    code = "waves.nobody_joined"


class SignatureWrong(Refused):
    code = "waves.signature_wrong"


class AlreadyDrawn(Refused):
    code = "waves.already_drawn"


class AlreadyCommitted(Refused):
    code = "waves.already_committed"


class ChainNotTrusted(Refused):
    code = "waves.chain_not_trusted"


class RoundMismatch(Refused):
    code = "waves.round_mismatch"


class RevealRefused(Refused):
    code = "waves.reveal_refused"


class NotAnnulled(Refused):
    code = "waves.not_annulled"
