from bekal.outside.face_match.client import connect

__all__ = ["connect"]
