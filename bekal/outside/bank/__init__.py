from bekal.outside.bank.client import connect

__all__ = ["connect"]
