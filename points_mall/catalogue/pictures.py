"""Pictures that staff put in: kept in the database beside what they show, so that every process has them.

A picture is named by its content: the same file twice is one, and an address never shows another picture.
"""

import hashlib

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.staff import audit

from .errors import NoSuchPicture
from .models import StoredPicture
from .picture_formats import Picture, read_picture

FOLDER = "/static/pictures"
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_NAME_LENGTH = 32


@retrying
def keep(content: bytes) -> str:
    """Keep the picture in a file; answer its address.

    :raises PictureRefused: it is no picture that we show.
    """
    picture = read_picture(content)
    name = _name_of(picture)
    with transaction() as session:
        if session.get(StoredPicture, name) is None:
            session.add(StoredPicture(name=name, content=picture.content, added_at=now()))
            after = {"width": picture.width, "height": picture.height,
                     "bytes": len(picture.content)}  # fmt: skip
            audit.record("picture.add", f"picture:{name}", after=after)
    return f"{FOLDER}/{name}"


def content_of(name: str) -> bytes:
    """A picture's content.

    :raises NoSuchPicture: there is none of this name.
    """
    content = db.session.scalar(sa.select(StoredPicture.content).filter_by(name=name[:64]))
    if content is None:
        raise NoSuchPicture("no such picture")
    return content


def _name_of(picture: Picture) -> str:
    return f"{hashlib.sha256(picture.content).hexdigest()[:_NAME_LENGTH]}.{picture.ending}"
