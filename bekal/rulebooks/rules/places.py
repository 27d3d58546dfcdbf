"""Where each key and value of a TOML text stands. `tomllib` tells values only; faults must name lines."""

import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"""+', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'''+", re.DOTALL)


@dataclass(slots=True)
class Places:
    """`lines`: line of each path. `values`: start and end offset of each value. `headers`: the tables in order."""

    lines: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    headers: list[Path] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def find_places(text: str) -> Places:
    """The places in `text`, which `tomllib` must have accepted before."""
    return _Walk(text).run()


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places = Places()
        self.lengths: dict[Path, int] = {}
        self.counted = (0, 1)

    def run(self) -> Places:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            table = self._header() if self.text[self.at] == "[" else self._pair(table)
        return self.places

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"no {pattern.pattern} at offset {self.at}")
        self.at = found.end()
        return self.at

    def _mark(self, path: Path) -> None:
        start, line = self.counted
        line += self.text.count("\n", start, self.at)
        self.counted = (self.at, line)
        self.places.lines.setdefault(path, line)

    def _header(self) -> Path:
        repeated = self.text.startswith("[[", self.at)
        self.at += 2 if repeated else 1
        *above, last = self._key()
        path: Path = (*self._latest(tuple(above)), last)
        if repeated:
            self.lengths[path] = self.lengths.get(path, 0) + 1
            self._mark(path)
            path = (*path, self.lengths[path] - 1)
        self._mark(path)
        self.places.headers.append(path)
        self.at += 2 if repeated else 1
        return path

    def _latest(self, key: tuple[str, ...]) -> Path:
        path: Path = ()
        for part in key:
            path = (*path, part)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._skip(_SPACE)
            start = self.at
            quoted = self.text[start] in "\"'"
            self._skip(self._string() if quoted else _BARE)
            parts.append(self.text[start + 1 : self.at - 1] if quoted else self.text[start : self.at])
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def _pair(self, table: Path) -> Path:
        path = table
        for part in self._key():
            path = (*path, part)
            self._mark(path)
        self.at += 1
        self._skip(_SPACE)
        self._value(path)
        return table

    def _value(self, path: Path) -> None:
        self._mark(path)
        start = self.at
        match self.text[self.at]:
            case "[":
                self._items(path, "]")
            case "{":
                self._items(path, "}")
            case '"' | "'":
                self._skip(self._string())
            case _:
                self._skip(_SCALAR)
        self.places.values[path] = (start, self.at)

    def _items(self, path: Path, close: str) -> None:
        self.at += 1
        count = 0
        while self.text[self._skip(_BLANK)] != close:
            if self.text[self.at] == ",":
                self.at += 1
            elif close == "]":
                self._value((*path, count))
                count += 1
            else:
                self._pair(path)
        self.at += 1

    def _string(self) -> re.Pattern[str]:
        if self.text.startswith('"""', self.at):
            return _LONG_BASIC
        if self.text.startswith("'''", self.at):
            return _LONG_LITERAL
        return _BASIC if self.text[self.at] == '"' else _LITERAL
