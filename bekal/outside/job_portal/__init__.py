from bekal.outside.job_portal.client import connect

__all__ = ["connect"]
