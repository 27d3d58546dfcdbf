"""Fields of the draw's binary files: big-endian numbers, labels of one length byte and UTF-8 (docs/draw.md §2, §9)."""

LABEL_LIMIT = 255


def label(text: str, refused: type[ValueError]) -> bytes:
    """One length byte, then UTF-8. Raises `refused` outside 1 to 255 bytes."""
    raw = text.encode()
    if not 0 < len(raw) <= LABEL_LIMIT:
        raise refused(f"label of {len(raw)} bytes: 1 to {LABEL_LIMIT} needed")
    return bytes([len(raw)]) + raw


class Reader:
    """Reads fields one after the other from `place` on; `what` names the file. Raises `refused`."""

    def __init__(self, data: memoryview, what: str, refused: type[ValueError], place: int = 0) -> None:
        self.data, self.what, self.refused, self.place = data, what, refused, place

    def take(self, size: int) -> bytes:
        if self.place + size > len(self.data):
            raise self.refused(f"{self.what} truncated")
        self.place += size
        return bytes(self.data[self.place - size : self.place])

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def label(self) -> str:
        """A label, which may be empty here: whoever reads refuses it."""
        try:
            return self.take(self.number(1)).decode()
        except UnicodeDecodeError as error:
            raise self.refused("a label is not UTF-8") from error
