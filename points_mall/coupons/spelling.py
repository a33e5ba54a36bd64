"""Terms as plain JSON and back: what is stored, shown and copied. What is not said is left out. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from .terms import Audience, CouponTerms, Kind, Limits, Policy, Restore, Scope, Stacking
from .validity import Hours, Span, Validity, hours_from

_PARTS: dict[str, type] = {
    "scope": Scope,
    "audience": Audience,
    "limits": Limits,
    "stacking": Stacking,
}
_DEFAULTS = CouponTerms(Kind.CASH, Validity(Span.SAME_DAY))


def spelt(terms: CouponTerms) -> dict[str, Any]:
    """Terms as plain JSON; a coupon carries a copy, so it is short."""
    told: dict[str, Any] = {"kind": terms.kind.value, "validity": _differing(terms.validity, None)}
    for item in fields(CouponTerms):
        value, default = getattr(terms, item.name), getattr(_DEFAULTS, item.name)
        if item.name in told or value == default:
            continue
        is_part = item.name in _PARTS or item.name == "restore"
        told[item.name] = _differing(value, default) if is_part else value
    return told


def terms_from_json(given: Mapping[str, Any]) -> CouponTerms:
    """The terms that `spelt` spelt."""
    values: dict[str, Any] = dict(given)
    values["kind"] = Kind(given["kind"])
    values["validity"] = _validity(given["validity"])
    for name, part in _PARTS.items():
        if name in given:
            values[name] = part(**{key: _tupled(value) for key, value in given[name].items()})
    if "restore" in given:
        restore = given["restore"]
        policy = Policy(restore.get("policy", Policy.WHOLE))
        values["restore"] = Restore(policy, restore.get("extend_days", 0))
    return CouponTerms(**values)


def _differing(part: Any, default: Any) -> dict[str, Any]:
    told = {}
    for item in fields(part):
        value = getattr(part, item.name)
        otherwise = item.default if default is None else getattr(default, item.name)
        if value != otherwise:
            told[item.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Hours):
        return str(value)
    return value.value if isinstance(value, Span | Policy) else value


def _validity(given: Mapping[str, Any]) -> Validity:
    first_on, last_on = given.get("first_on"), given.get("last_on")
    return Validity(
        Span(given["span"]),
        date.fromisoformat(first_on) if first_on else None,
        date.fromisoformat(last_on) if last_on else None,
        given.get("days"),
        tuple(date.fromisoformat(day) for day in given.get("blackout", ())),
        tuple(given.get("weekdays", ())),
        tuple(hours_from(text) for text in given.get("hours", ())),
    )


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
