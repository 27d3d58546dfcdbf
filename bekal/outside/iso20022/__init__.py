from bekal.outside.iso20022.client import connect_batch, connect_statements

__all__ = ["connect_batch", "connect_statements"]
