"""What kinds of message there are: features above join theirs, the shop's settings name WeChat's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from miniprogram_api.core.settings import SettingsError, settings

SUBSCRIBE = "subscribe"


@dataclass(frozen=True)
class MessageKind:
    """A kind of message and its words.

    :param keywords: our field → the field of WeChat's template, `{"points": "number1"}`; the shop
        may set others, because they belong to the template that it chose.
    :param wording_zh: a sentence with our fields in braces, for channels that show sentences.
    :param page: what a tap opens in the mini-program, without leading slash.
    """

    name: str
    title_zh: str
    title_en: str
    wording_zh: str
    wording_en: str
    keywords: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None

    def sentence(self, fields: Mapping[str, Any], language: str = "zh") -> str:
        """The message in one language."""
        wording = self.wording_en if language == "en" else self.wording_zh
        return wording.format_map(fields)


@dataclass(frozen=True)
class Template:
    """WeChat's template of a kind, as this shop has it."""

    id: str
    keywords: Mapping[str, str]


class UnknownKind(Exception):
    """No feature has registered this kind of message."""


class NoTemplate(Exception):
    """The shop has named no template of WeChat for this kind."""


_kinds: dict[str, MessageKind] = {}


def register(kind: MessageKind) -> MessageKind:
    """Let a feature join with a kind of message; again with the same is nothing."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of message are called {kind.name}")
    return kind


def all_kinds() -> list[str]:
    """The names of all kinds, in the order in which features joined."""
    return list(_kinds)


def kind_of(name: str) -> MessageKind:
    """The kind of that name.

    :raises UnknownKind: there is none.
    """
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"no message kind {name!r}") from None


def template_of(kind: MessageKind) -> Template:
    """The template of a kind; where WeChat is not asked, a kind needs none and is its own.

    :raises NoTemplate: messages go through WeChat and the settings name none.
    """
    configured = _configured().get(kind.name)
    if configured is not None:
        return Template(configured.id, {**kind.keywords, **configured.keywords})
    if settings().message_channel == SUBSCRIBE:
        raise NoTemplate(f"MESSAGE_TEMPLATES names no template for {kind.name}")
    return Template(kind.name, kind.keywords)


def kinds_by_template() -> dict[str, list[MessageKind]]:
    """The kinds that can be sent, by template id."""
    by_template: dict[str, list[MessageKind]] = {}
    for kind in _kinds.values():
        try:
            by_template.setdefault(template_of(kind).id, []).append(kind)
        except NoTemplate:
            continue
    return by_template


def templates_to_ask(names: Sequence[str]) -> list[dict[str, str]]:
    """What the mini-program needs to ask for consent: kind, template id and title of each."""
    wanted = {
        kind.name: {
            "kind": kind.name,
            "template_id": template_id,
            "title_zh": kind.title_zh,
            "title_en": kind.title_en,
        }
        for template_id, kinds in kinds_by_template().items()
        for kind in kinds
    }
    return [wanted[name] for name in names if name in wanted]


def check_templates() -> None:
    """Read the setting MESSAGE_TEMPLATES.

    :raises SettingsError: it has the wrong form.
    """
    _configured()


def _configured() -> dict[str, Template]:
    text = settings().message_templates
    try:
        given = json.loads(text) if text else {}
        return {name: _template(value) for name, value in given.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SettingsError("MESSAGE_TEMPLATES must be JSON: kind → template") from None


def _template(given: str | dict[str, Any]) -> Template:
    if isinstance(given, str):
        return Template(given, {})
    return Template(given["id"], dict(given.get("keywords", {})))
