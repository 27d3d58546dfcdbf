from bekal.outside.sms.client import connect

__all__ = ["connect"]
