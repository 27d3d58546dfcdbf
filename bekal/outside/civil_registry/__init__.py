from bekal.outside.civil_registry.client import connect

__all__ = ["connect"]
