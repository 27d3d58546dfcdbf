"""What a sent file may be: a photo is made anew, everything else is refused with a reason."""

import io
import struct
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bekal.citizens.photos import LARGEST_BYTES, LARGEST_STORED, LONGEST_SIDE, Photo, read_photo
from tests.citizens.making import picture

SMALL = picture(size=(300, 300))
KINDS = ("photo_missing", "photo_big", "photo_unreadable", "photo_moving", "photo_pixels", "photo_small")


def taken(data: bytes) -> Image.Image:
    """The picture made of `data`, checked for what every stored photo is."""
    photo = read_photo(data)
    assert isinstance(photo, Photo), photo
    assert len(photo.jpeg) <= LARGEST_STORED
    made = Image.open(io.BytesIO(photo.jpeg))
    assert (made.format, made.mode) == ("JPEG", "RGB")
    assert max(made.size) <= LONGEST_SIDE
    assert set(made.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}, "no metadata"
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_shrunk_and_made_anew(kind: str) -> None:
    assert taken(picture(kind, (1500, 3000))).size == (500, 1000)


def test_a_dense_photo_still_fits() -> None:
    noise = Image.effect_noise((1600, 1600), 100).convert("RGB")
    made = io.BytesIO()
    noise.save(made, "JPEG", quality=95)
    assert taken(made.getvalue()).size[0] >= 480


def noted() -> bytes:
    """A photo with a place, a comment and a colour profile, red above and blue below, held sideways."""
    image = Image.new("RGB", (640, 480), "blue")
    image.paste("red", (0, 0, 640, 240))
    notes = Image.Exif()
    notes[0x0112], notes[0x010E] = 6, "rumah"
    notes.get_ifd(0x8825)[2] = (6.0, 12.0, 30.0)
    made = io.BytesIO()
    image.save(made, "JPEG", exif=notes, comment=b"rahasia", icc_profile=b"x" * 200)
    return made.getvalue()


def test_metadata_goes_and_the_photo_is_turned_upright() -> None:
    made = taken(noted())
    assert made.size == (480, 640)
    right, left = made.getpixel((470, 320)), made.getpixel((10, 320))
    assert isinstance(right, tuple)
    assert isinstance(left, tuple)
    assert right[0] > 200 > left[0], "what was above is on the right after a quarter turn"
    photo = read_photo(noted())
    assert isinstance(photo, Photo)
    assert not any(secret in photo.jpeg for secret in (b"rumah", b"rahasia", b"Exif", b"ICC_PROFILE"))


def test_a_transparent_photo_stands_on_white() -> None:
    corner = taken(picture("PNG", colour=(0, 0, 0, 0), mode="RGBA")).getpixel((5, 5))
    assert isinstance(corner, tuple)
    assert min(corner) > 250


def test_the_further_pictures_of_a_phone_are_left_out() -> None:
    depth = Image.new("RGB", (300, 300), "white")
    dark = taken(picture("MPO", (300, 300), "black", save_all=True, append_images=[depth])).getpixel((9, 9))
    assert isinstance(dark, tuple)
    assert max(dark) < 10


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that claims a size, with no pixels behind it."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 1000)
    parts = (head, body, b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "photo_missing"),
        (SMALL + b"\0" * (LARGEST_BYTES - len(SMALL) + 1), "photo_big"),
        (b"PK\x03\x04" + b"\0" * 5_000, "photo_unreadable"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 5_000, "photo_unreadable"),
        (b"%PDF-1.7", "photo_unreadable"),
        (SMALL[: len(SMALL) // 2], "photo_unreadable"),
        (picture("GIF", (300, 300)), "photo_unreadable"),
        (picture("TIFF", (300, 300)), "photo_unreadable"),
        (picture("PNG", (300, 300), save_all=True, append_images=[Image.new("RGB", (300, 300))]), "photo_moving"),
        (picture("WEBP", (300, 300), save_all=True, append_images=[Image.new("RGB", (300, 300))]), "photo_moving"),
        (picture(size=(100, 100)), "photo_small"),
        (picture(size=(4_000, 300)), "photo_small"),
        (png_of(60_000, 60_000), "photo_pixels"),
        (png_of(4_200, 4_200), "photo_pixels"),
        (png_of(2**31 - 1, 2**31 - 1), "photo_pixels"),
        (png_of(800, 800), "photo_unreadable"),
        (picture(size=(4_200, 4_200), progressive=True), "photo_pixels"),
    ],
    ids=lambda given: given if isinstance(given, str) else str(len(given)),
)  # fmt: skip
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, fault: str) -> None:
    assert read_photo(data) == fault


def test_a_bomb_is_refused_before_its_pixels_are_made() -> None:
    bomb = picture("PNG", (20_000, 20_000), 0, mode="L")
    assert len(bomb) < 500_000
    tracemalloc.start()
    assert read_photo(bomb) == "photo_pixels"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_very_large_plain_photo_is_decoded_in_parts() -> None:
    assert taken(picture(size=(9_000, 6_000), quality=40)).size == (1000, 667)


def clear(data: bytes) -> None:
    """A photo within its limits, or a reason: nothing is raised."""
    found = read_photo(data)
    assert (isinstance(found, Photo) and len(found.jpeg) <= LARGEST_STORED) or found in KINDS


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3_000), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP"]))
def test_any_bytes_get_a_clear_answer(data: bytes, start: bytes) -> None:
    clear(start + data)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "noted"]),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 255)), max_size=12),
    st.integers(0, 400),
)
def test_a_photo_damaged_anywhere_gets_a_clear_answer(kind: str, damage: Any, cut: int) -> None:
    data = bytearray(noted() if kind == "noted" else picture(kind, (300, 300)))
    for place, value in damage:
        data[place % len(data)] = value
    clear(bytes(data[: len(data) - cut]))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_any_claimed_size_gets_a_clear_answer(width: int, height: int) -> None:
    assert read_photo(png_of(width, height)) in KINDS
