"""A problem that the person at the keyboard can do something about."""


class Trouble(Exception):
    """Its text is one clear sentence that says what happened and what to do; shown without a traceback."""
