"""The set-up after there is an owner: what is done, what is missing, and the first rules."""

from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, render_template

from miniprogram_api.core.settings import Origin, origin_of, settings
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.navigation import HOUSE, Door, add_door
from miniprogram_api.staff.guards import current_staff, for_staff

from . import config_file
from .steps import Step, publish, step_of, steps

HERE = "/admin/setup"

blp = Blueprint("setup_owner", __name__)


@blp.get(HERE)
@for_staff("owner")
def overview() -> str:
    """What of the set-up is done."""
    waiting = config_file.waiting()
    written = config_file.values(Path(current_app.instance_path))
    return render_template(
        "setup/overview.html",
        name=written.get("SHOP_NAME") or settings().shop_name,
        has_name=origin_of("SHOP_NAME") is not Origin.DEFAULT or "SHOP_NAME" in waiting,
        has_program=bool(settings().wx_secret) or "WX_SECRET" in waiting,
        has_second_factor=current_staff().has_second_factor,
        steps=[(step, step.is_done()) for step in steps()],
        waiting=waiting,
    )


@blp.get(f"{HERE}/<code>")
@for_staff("owner")
def show_step(code: str) -> str:
    """A first rule with its usual numbers."""
    step = step_of(code)
    return _draw(step, Form({blank.name: blank.default for blank in step.blanks}))


@blp.post(f"{HERE}/<code>")
@for_staff("owner")
def publish_step(code: str) -> Any:
    """Let a first rule begin."""
    step = step_of(code)
    return carried_out(
        lambda form: publish(step, form.load(step.schema())),
        then=HERE,
        again=lambda form: _draw(step, form),
        told="published",
    )


def _draw(step: Step, form: Form) -> str:
    return render_template(
        "setup/step.html",
        step=step,
        form=form,
        is_done=step.is_done(),
        zone_waits="SHOP_TIME_ZONE" in config_file.waiting(),
    )


add_door(Door(HERE, "开店向导", "Set-up", "building-store", HOUSE, role="owner", rank=90))
