"""What is wrong in a programme file, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `line` counts from 1; `path` reads `selection.groups.0.code`, or "" for the whole file."""

    line: int
    path: str
    problem: str
    hint: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.problem} {self.hint}".rstrip()


class ProgrammeFaults(Exception):
    """A file that is no programme. `faults`: at least one, in the order of the lines."""

    def __init__(self, faults: tuple[Fault, ...], file: str = "") -> None:
        self.faults = tuple(sorted(faults))
        self.file = file
        super().__init__("\n".join(f"{file}: {fault}" if file else str(fault) for fault in self.faults))
