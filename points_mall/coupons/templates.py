"""Templates and their versions: published by the merchant, read by whoever issues."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import canonical_json, db, retrying, transaction

from .errors import NoSuchTemplate, TermsNotAllowed
from .models import CouponTemplate, CouponTemplateVersion
from .spelling import spelt, terms_from_json
from .terms import CouponTerms, check_terms

CODE_PATTERN = "^[0-9A-Za-z]{4,32}$"
MOST_TITLE = 64

templates = cast(sa.Table, CouponTemplate.__table__)
versions = cast(sa.Table, CouponTemplateVersion.__table__)
_CURRENT = sa.select(templates, versions.c.terms).join(
    versions,
    sa.and_(versions.c.template_id == templates.c.id, versions.c.version == templates.c.version),
)
_WITH_CODES = _CURRENT.where(among(templates.c.code, "codes"))


@dataclass(frozen=True)
class Template:
    """A template with the terms in force; `copied` is what goes onto each coupon."""

    id: int
    code: str
    version: int
    title_zh: str
    title_en: str
    is_listed: bool
    terms: CouponTerms
    copied: dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """A template as the merchant writes it."""

    code: str
    title_zh: str
    title_en: str
    terms: CouponTerms
    is_listed: bool = True


@retrying
def publish(draft: Draft, *, actor: str) -> Template:
    """Publish a template, or new terms for it as its next version; the same terms again are none.

    Coupons that were issued keep theirs.

    :raises TermsNotAllowed: they do not fit together.
    """
    check_terms(draft.terms)
    if not (draft.title_zh and draft.title_en):
        raise TermsNotAllowed("a coupon has a title in Chinese and in English")
    moment, told = now(), spelt(draft.terms)
    fresh = {
        "code": draft.code,
        "title_zh": draft.title_zh,
        "title_en": draft.title_en,
        "is_listed": draft.is_listed,
        "version": 0,
        "created_at": moment,
    }
    with transaction() as session:
        bulk.insert_missing(session, templates, [fresh])
        row = session.scalars(
            sa.select(CouponTemplate)
            .filter_by(code=draft.code)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        row.title_zh, row.title_en, row.is_listed = draft.title_zh, draft.title_en, draft.is_listed
        known = session.scalar(
            sa.select(versions.c.terms).where(
                versions.c.template_id == row.id, versions.c.version == row.version
            )
        )
        if known != told:
            row.version += 1
            version = {"template_id": row.id, "version": row.version, "terms": told}
            more = {"actor": actor, "created_at": moment}
            bulk.insert(session, versions, [{**version, **more}])
        session.flush()  # it is read again by the statement below
        return template_with(draft.code)


@retrying
def publish_all(drafts: Sequence[Draft], *, actor: str) -> list[Template]:
    """Publish several templates, or none where one is refused."""
    with transaction():
        return [publish(draft, actor=actor) for draft in drafts]


def templates_with(codes: Iterable[str]) -> dict[str, Template]:
    """The templates of these codes, in one statement; unknown codes are left out."""
    rows = db.session().execute(_WITH_CODES, {"codes": sorted(set(codes))})
    return {row.code: _template(row) for row in rows}


def template_with(code: str) -> Template:
    """The template of a code.

    :raises NoSuchTemplate: there is none.
    """
    found = templates_with([code]).get(code)
    if found is None:
        raise NoSuchTemplate(f"no coupon template {code!r}", template=code)
    return found


def all_templates(*, listed_only: bool = False) -> Sequence[Template]:
    """Every template, the newest first."""
    query = _CURRENT.order_by(templates.c.id.desc())
    if listed_only:
        query = query.where(templates.c.is_listed)
    return [_template(row) for row in db.session.execute(query)]


def read_terms(told: dict[str, Any]) -> CouponTerms:
    """Stored terms; thousands of coupons have the same, which are read once."""
    return _read(canonical_json(told))


@lru_cache(maxsize=512)
def _read(text: str) -> CouponTerms:
    return terms_from_json(json.loads(text))


def _template(row: Any) -> Template:
    return Template(
        row.id,
        row.code,
        row.version,
        row.title_zh,
        row.title_en,
        row.is_listed,
        read_terms(row.terms),
        row.terms,
    )
