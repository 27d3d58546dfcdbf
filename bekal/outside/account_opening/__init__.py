from bekal.outside.account_opening.client import connect

__all__ = ["connect"]
