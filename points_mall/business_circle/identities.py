"""Whom WeChat means, for many at once."""

from collections.abc import Collection
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.settings import settings
from miniprogram_api.members.models import MemberIdentity

identities = cast(sa.Table, MemberIdentity.__table__)

_MEMBERS = sa.select(identities.c.openid, identities.c.member_id).where(
    identities.c.appid == sa.bindparam("appid"), among(identities.c.openid, "openids")
)


def members_of(session: Session, openids: Collection[str]) -> dict[str, int]:
    """The members whom WeChat calls by these names in our mini-program, by name."""
    asked = {"appid": settings().wx_appid, "openids": sorted(openids)}
    return {row.openid: row.member_id for row in session.execute(_MEMBERS, asked)}
