"""What the states and reasons of a pain.002 mean for a payment (ISO's external code sets). Printed by `make docs`.

What is not named here is unknown: never refused, never paid.
"""

from bekal.incentives.ports import Outcome

STATES: dict[str, tuple[str, Outcome]] = {
    "ACSC": ("settled on the debtor's account", "paid"),
    "ACCC": ("settled on the creditor's account", "paid"),
    "RCVD": ("received", "unknown"),
    "ACTC": ("technically accepted", "unknown"),
    "ACCP": ("customer profile accepted", "unknown"),
    "ACSP": ("settlement in process", "unknown"),
    "ACWC": ("accepted with change", "unknown"),
    "PART": ("partially accepted", "unknown"),
    "PDNG": ("pending", "unknown"),
    "CANC": ("cancelled", "unknown"),
}
REJECTED = "RJCT"
REASONS: dict[str, tuple[str, Outcome]] = {
    "AC01": ("incorrect account number", "refused"),
    "AC02": ("invalid debtor account", "stop"),
    "AC03": ("invalid creditor account", "refused"),
    "AC04": ("closed account", "refused"),
    "AC05": ("closed debtor account", "stop"),
    "AC06": ("blocked account", "refused"),
    "AC07": ("closed creditor account", "refused"),
    "AC13": ("invalid debtor account type", "stop"),
    "AG01": ("transaction forbidden on this account", "refused"),
    "AG02": ("invalid bank operation", "stop"),
    "AM01": ("zero amount", "stop"),
    "AM02": ("amount above what is allowed", "refused"),
    "AM03": ("currency not allowed", "stop"),
    "AM04": ("insufficient funds", "stop"),
    "AM05": ("duplicate", "unknown"),
    "AM09": ("wrong amount", "stop"),
    "AM10": ("invalid control sum", "stop"),
    "AM12": ("invalid amount", "stop"),
    "AM14": ("amount above the agreed limit", "stop"),
    "AM18": ("invalid number of transactions", "stop"),
    "AM21": ("limit exceeded", "refused"),
    "BE01": ("name does not fit the account", "refused"),
    "BE05": ("unrecognised initiating party", "stop"),
    "DT01": ("invalid date", "stop"),
    "DU01": ("duplicate message", "unknown"),
    "DU02": ("duplicate payment block", "unknown"),
    "DU03": ("duplicate transaction", "unknown"),
    "DU04": ("duplicate end-to-end id", "unknown"),
    "FF01": ("invalid file format", "stop"),
    "MD07": ("end customer deceased", "refused"),
    "MS02": ("not told, by the customer", "refused"),
    "MS03": ("not told, by the bank", "refused"),
    "RC01": ("bank identifier incorrect", "refused"),
    "RC04": ("invalid creditor bank", "refused"),
    "TM01": ("after the cut-off", "later"),
}


def outcome_of(state: str, reason: str) -> Outcome:
    """What a state, and the reason when it is rejected, mean for a payment."""
    found = REASONS.get(reason) if state == REJECTED else STATES.get(state)
    return found[1] if found is not None else "unknown"
