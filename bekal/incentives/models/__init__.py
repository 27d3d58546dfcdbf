"""The tables of the incentives room, split by noun."""

from bekal.incentives.models.accounts import PAYEE_MOVES, Channel, PayeeAccount, PayeeState
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
from bekal.incentives.models.runs import RUN_MOVES, PayRun, RunState

__all__ = [
    "DEAD",
    "IN_FLIGHT",
    "LIVE",
    "OPEN",
    "ORDER_MOVES",
    "PAYEE_MOVES",
    "RUN_MOVES",
    "Channel",
    "OrderKind",
    "OrderState",
    "PayRun",
    "PayeeAccount",
    "PayeeState",
    "PaymentOrder",
    "RunState",
]
