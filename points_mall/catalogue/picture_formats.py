"""Pictures as files: known by their content, measured, and rid of what a camera wrote beside them. Pure.

PNG, JPEG and WebP alone. A name or a declared type is never believed; what follows the picture, where it was
taken and with what, is left out. Nothing is decoded but the head: a picture is shown by those who look at it.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import PictureRefused

MOST_BYTES = 1024 * 1024
MOST_SIDE = 6_000

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"IDAT", b"IEND"}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT = {*_FRAMES, 0xC4, 0xDB, 0xDD, 0xDA, 0xE0, 0xEE}
_APP1, _EXIF, _ORIENTATION = 0xE1, b"Exif\0\0", 0x0112
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
_ONLY_ALPHA = 0x10


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: `ending` names its format, `content` is what is sent."""

    ending: str
    width: int
    height: int
    content: bytes


def read_picture(content: bytes) -> Picture:
    """The picture in a file.

    :raises PictureRefused: it is none of the three kinds, broken, or too large.
    """
    if not content:
        raise PictureRefused("no file was chosen")
    if len(content) > MOST_BYTES:
        raise PictureRefused(f"at most {MOST_BYTES // 1024} KB", most_bytes=MOST_BYTES)
    try:
        picture = _read(content)
    except (struct.error, IndexError, zlib.error) as error:
        raise PictureRefused("the file is cut off or broken") from error
    if not (1 <= picture.width <= MOST_SIDE and 1 <= picture.height <= MOST_SIDE):
        raise PictureRefused(f"at most {MOST_SIDE} pixels a side", most_side=MOST_SIDE)
    return picture


def _read(content: bytes) -> Picture:
    if content.startswith(_PNG):
        return _read_png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _read_webp(content)
    raise PictureRefused("neither PNG nor JPEG nor WebP")


def _read_png(content: bytes) -> Picture:
    kept, place, name, width, height = [_PNG], len(_PNG), b"", 0, 0
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        (checked,) = struct.unpack_from(">I", content, place + 8 + length)
        if zlib.crc32(name + body) != checked:
            raise PictureRefused("a part of the file is broken")
        if name == b"IHDR":
            width, height = struct.unpack_from(">II", body)
        if name in _PNG_KEPT:
            kept.append(content[place : place + 12 + length])
        place += 12 + length
    return Picture("png", width, height, b"".join(kept))


def _read_jpeg(content: bytes) -> Picture:
    kept, width, height, turned = [], 0, 0, 1
    for code, body, whole in _segments(content):
        if code in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
        if code == _APP1 and body.startswith(_EXIF):
            turned = _orientation(body[len(_EXIF) :])
        if code in _JPEG_KEPT:
            kept.append(whole)
    return Picture(
        "jpg", width, height, b"".join([b"\xff\xd8", *_told(turned), *kept, b"\xff\xd9"])
    )


def _segments(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The parts of a JPEG up to its end: the mark, what follows it, and both as they stand."""
    place = 2
    while True:
        while content[place + 1] == 0xFF:  # as many as the writer liked
            place += 1
        mark, code = content[place], content[place + 1]
        if mark != 0xFF:
            raise PictureRefused("a part of the file is broken")
        if code == 0xD9:
            return
        (length,) = struct.unpack_from(">H", content, place + 2)
        end = after = place + 2 + length
        if code == 0xDA:
            after = _end_of_scan(content, end)
        yield code, content[place + 4 : end], content[place:after]
        place = after


def _end_of_scan(content: bytes, place: int) -> int:
    """Where the next mark stands after a scan's data, in which marks are stuffed or restarts."""
    while True:
        place = content.find(b"\xff", place)
        if place < 0 or place + 1 >= len(content):
            raise PictureRefused("the file is cut off or broken")
        if content[place + 1] != 0 and not 0xD0 <= content[place + 1] <= 0xD7:
            return place
        place += 2


def _orientation(tiff: bytes) -> int:
    """How a camera was held, which a picture must keep to be shown upright; 1: upright."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    for number in range(min(entries, 64)):
        tag, _kind, _count, value = struct.unpack_from(
            f"{order}HHIH", tiff, directory + 2 + 12 * number
        )
        if tag == _ORIENTATION and 1 <= value <= 8:
            return int(value)
    return 1


def _told(turned: int) -> list[bytes]:
    """The smallest note of how the camera was held, and of nothing else."""
    if turned == 1:
        return []
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    body = _EXIF + tiff
    return [b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body]


def _read_webp(content: bytes) -> Picture:
    (size,) = struct.unpack_from("<I", content, 4)
    end = min(size + 8, len(content))
    if size + 8 > len(content):
        raise PictureRefused("the file is cut off or broken")
    kept, place, sides = [], 12, (0, 0)
    while place + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, place)
        body = content[place + 8 : place + 8 + length]
        if len(body) < length:
            raise PictureRefused("the file is cut off or broken")
        if name in {b"ANIM", b"ANMF"}:
            raise PictureRefused("moving pictures are not taken")
        sides = _webp_sides(name, body) or sides
        if name in _WEBP_KEPT:
            kept.append(_webp_chunk(name, body))
        place += 8 + length + length % 2
    inner = b"WEBP" + b"".join(kept)
    return Picture("webp", *sides, b"RIFF" + struct.pack("<I", len(inner)) + inner)


def _webp_sides(name: bytes, body: bytes) -> tuple[int, int] | None:
    if name == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _webp_chunk(name: bytes, body: bytes) -> bytes:
    """A part as it is kept; the head of several no longer promises what was left out."""
    told = bytes([body[0] & _ONLY_ALPHA]) + body[1:] if name == b"VP8X" else body
    return name + struct.pack("<I", len(told)) + told + b"\0" * (len(told) % 2)
