from bekal.outside.beacon.client import connect

__all__ = ["connect"]
