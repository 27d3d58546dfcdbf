"""What the product says no to."""

from typing import Any, ClassVar


class Refused(Exception):
    """An anticipated no. Subclasses are named by the refusal, declared beside the action that raises them.

    `code` is the key of the one text that pages, messages and interfaces show; `facts` fill its placeholders.
    """

    code: ClassVar[str] = "core.refused"

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(f"{self.code} {facts}" if facts else self.code)
