from bekal.outside.wallet.client import connect

__all__ = ["connect"]
