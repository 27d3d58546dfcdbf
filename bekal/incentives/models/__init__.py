"""The tables of the incentives room, split by noun."""

from bekal.incentives.models.accounts import (
    PAYEE_MOVES,
    Channel,
    PayeeAccount,
    PayeeState,
)
from bekal.incentives.models.orders import (
    DEAD,
    IN_FLIGHT,
    LIVE,
    OPEN,
    ORDER_MOVES,
    OrderKind,
    OrderState,
    PaymentOrder,
)
from bekal.incentives.models.reconciliation import (
    DIFFERENCE_MOVES,
    STATEMENT_MOVES,
    UNRESOLVED,
    Difference,
    DifferenceState,
    EntryKind,
    PayerStatement,
    StatementEntry,
    StatementState,
)
from bekal.incentives.models.runs import (
    RUN_MOVES,
    PayRun,
    RunState,
)

__all__ = [
    "DEAD",
    "DIFFERENCE_MOVES",
    "IN_FLIGHT",
    "LIVE",
    "OPEN",
    "ORDER_MOVES",
    "PAYEE_MOVES",
    "RUN_MOVES",
    "STATEMENT_MOVES",
    "UNRESOLVED",
    "Channel",
    "Difference",
    "DifferenceState",
    "EntryKind",
    "OrderKind",
    "OrderState",
    "PayRun",
    "PayeeAccount",
    "PayeeState",
    "PayerStatement",
    "PaymentOrder",
    "RunState",
    "StatementEntry",
    "StatementState",
]
