"""Reading a photo that somebody sent: opened under strict limits, turned upright, shrunk, and made anew from its pixels
alone, so that no position, name or thumbnail of the phone stays in it. Pure: a refusal is a value.

Limits hold before a pixel is decoded. A plain JPEG is decoded at a fraction of its size, so the largest phones' photos
pass; progressive JPEG, PNG and WebP must be held whole and may have fewer pixels.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image, ImageOps

LARGEST_BYTES = 15 * 1024 * 1024
LONGEST_SIDE = 1_000
SHORTEST_SIDE = 240
LARGEST_STORED = 200_000
MOST_PIXELS = 12_600_000
MOST_PIXELS_IN_PARTS = 120_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip

PhotoFault = Literal["photo_missing", "photo_big", "photo_unreadable", "photo_moving", "photo_pixels", "photo_small"]


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG of at most `LONGEST_SIDE` pixels a side and `LARGEST_STORED` bytes, upright, without metadata."""

    jpeg: bytes


def read_photo(data: bytes) -> Photo | PhotoFault:
    """The photo in `data` made anew, or why it cannot be taken."""
    if not data:
        return "photo_missing"
    if len(data) > LARGEST_BYTES:
        return "photo_big"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                return _fault(opened) or Photo(_shrunk(_upright(opened)))
    except Image.DecompressionBombError:
        return "photo_pixels"
    except Exception:  # noqa: BLE001  a decoder fed with anything may raise anything; none of it is a photo
        return "photo_unreadable"


def _fault(opened: Any) -> PhotoFault | None:
    """What is wrong by the header alone. A JPEG may hold more pictures (depth, brightness); its first is the photo."""
    jpeg = opened.format in ("JPEG", "MPO")
    pixels = opened.width * opened.height
    longest, shortest = max(opened.size), min(opened.size)
    if shortest * LONGEST_SIDE < SHORTEST_SIDE * max(longest, LONGEST_SIDE):
        return "photo_small"
    if pixels > (MOST_PIXELS_IN_PARTS if jpeg and not opened.info.get("progressive") else MOST_PIXELS):
        return "photo_pixels"
    if not jpeg and getattr(opened, "n_frames", 1) > 1:
        return "photo_moving"
    return None


def _upright(opened: Any) -> Image.Image:
    """The pixels, near their final size and turned as the phone was held."""
    try:
        turn = TURNS.get(opened.getexif().get(ORIENTATION))
    except Exception:  # noqa: BLE001  a garbled note beside the pixels says nothing against the pixels
        turn = None
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    flat = _on_white(opened)
    return flat if turn is None else flat.transpose(turn)


def _on_white(image: Any) -> Image.Image:
    """Three colours, nothing transparent, and nothing but pixels."""
    full = image.convert("RGBA")
    paper = Image.new("RGB", full.size, "white")
    paper.paste(full, mask=full.getchannel("A"))
    return paper


def _shrunk(image: Image.Image) -> bytes:
    for side in (LONGEST_SIDE, 800, 640, 480):
        small = ImageOps.contain(image, (side, side)) if max(image.size) > side else image
        for quality in (88, 78, 66, 52):
            made = io.BytesIO()
            small.save(made, "JPEG", quality=quality)
            if made.tell() <= LARGEST_STORED:
                return made.getvalue()
    raise ValueError("no photo is that dense")
