"""Pictures are known by their content, and lose what a camera wrote beside them."""

import struct
import zlib

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.catalogue import pictures
from points_mall.catalogue.errors import NoSuchPicture, PictureRefused
from points_mall.catalogue.models import StoredPicture
from points_mall.catalogue.picture_formats import MOST_BYTES, read_picture
from points_mall.catalogue.terms import is_picture


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int = 2, height: int = 1, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = (b"\0" + b"\x0a\x9d\x58" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", len(body) + 2) + body


def exif(order: str, turned: int) -> bytes:
    mark = {">": b"MM\0*", "<": b"II*\0"}[order]
    entries = struct.pack(f"{order}HHHIHHHHIII", 2, 0x0112, 3, 1, turned, 0, 0x8825, 4, 1, 99, 0)
    return b"Exif\0\0" + mark + struct.pack(f"{order}I", 8) + entries + b"GPS 31.2N 121.4E"


def jpeg(*more: bytes, width: int = 640, height: int = 480) -> bytes:
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"".join(more) + frame + scan + b"\xff\xd9"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    inner = b"WEBP" + b"".join(
        name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for name, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


VP8 = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 320, 200) + b"data"
VP8L = b"\x2f" + struct.pack("<I", (31) | (15 << 14)) + b"rest"
VP8X = bytes([0x0C | 0x10, 0, 0, 0]) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")


def test_the_three_formats_are_known_and_measured() -> None:
    found = [
        read_picture(one)
        for one in (png(3, 2), jpeg(), riff((b"VP8 ", VP8)), riff((b"VP8L", VP8L)))
    ]
    assert [(one.ending, one.width, one.height) for one in found] == [
        ("png", 3, 2),
        ("jpg", 640, 480),
        ("webp", 320, 200),
        ("webp", 32, 16),
    ]


def test_what_was_written_beside_a_picture_is_left_out() -> None:
    secret = b"GPS 31.2N 121.4E"
    noted = png(2, 1, chunk(b"tEXt", secret), chunk(b"eXIf", secret)) + b"<script>" + secret
    assert read_picture(noted).content == png()
    shot = jpeg(segment(0xE1, exif(">", 1)), segment(0xFE, secret), segment(0xED, secret)) + secret
    assert read_picture(shot).content == jpeg()
    film = riff((b"VP8X", VP8X), (b"VP8 ", VP8), (b"EXIF", secret), (b"XMP ", secret)) + secret
    kept = read_picture(film)
    assert (kept.width, kept.height) == (320, 200)
    assert secret not in kept.content
    assert kept.content == riff((b"VP8X", bytes([0x10]) + VP8X[1:]), (b"VP8 ", VP8))


@pytest.mark.parametrize("order", [">", "<"])
def test_a_photograph_stays_upright(order: str) -> None:
    kept = read_picture(jpeg(segment(0xE1, exif(order, 6)))).content
    assert b"GPS" not in kept
    assert read_picture(kept).content == kept
    assert kept[20:34] == struct.pack(">HHHIHH", 1, 0x0112, 3, 1, 6, 0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "neither"),
        (b"GIF89a" + b"\0" * 20, "neither"),
        (b"MZ" + b"\0" * 100, "neither"),
        (png()[:-6], "cut off"),
        (png()[:40], "cut off|broken"),
        (png().replace(b"IDAT", b"IDAX"), "broken"),
        (png(0, 1), "pixels"),
        (png(6001, 1), "pixels"),
        (jpeg()[:-2], "cut off"),
        (jpeg()[:30], "cut off"),
        (b"\xff\xd8\xff\xe0\0\x04ab" + b"nothing", "broken"),
        (b"\xff\xd8\xff\xd9", "pixels"),
        (riff((b"VP8 ", VP8))[:-4], "cut off"),
        (riff((b"VP8X", VP8X), (b"ANIM", b"\0" * 6)), "moving"),
        (riff((b"EXIF", b"only")), "pixels"),
        (png() + b"\0" * MOST_BYTES, "at most 1024 KB"),
    ],
)
def test_what_is_no_such_picture_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(PictureRefused, match=told):
        read_picture(content)


def test_a_picture_is_kept_once_and_shown_to_everybody(app: Flask) -> None:
    address = pictures.keep(png())
    assert pictures.keep(png(2, 1, chunk(b"tEXt", b"another note"))) == address
    assert is_picture(address)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredPicture)) == 1
    shown = app.test_client().get(address)
    assert (shown.status_code, shown.mimetype, shown.data) == (200, "image/png", png())
    assert "immutable" in shown.headers["Cache-Control"]
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert app.test_client().get("/static/pictures/none.png").status_code == 404
    with pytest.raises(NoSuchPicture):
        pictures.content_of("../../etc/passwd")
