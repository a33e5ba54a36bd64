"""What the set-up adds to the doctor's checks, and the page on which its lights are seen."""

import stat
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from flask import Blueprint, Flask, current_app, render_template

from miniprogram_api import doctor
from miniprogram_api.core.settings import settings
from miniprogram_api.doctor import Ailing, Diagnosis, Light, Words
from miniprogram_api.merchant.navigation import HOUSE, Door, add_door
from miniprogram_api.staff.guards import for_staff

from . import config_file, links
from .errors import NoSuchStep

HERE = "/admin/doctor"
LIMIT_SECONDS = 10.0
"""Longer than any single time-out of what is asked: WeChat may take eight seconds."""

_REACHABLE = Words("它在运行吗？从这里能连上吗？", "is it running, and reachable?")
_LOOK = Words("在服务器上运行 flask doctor 查看详情", "run flask doctor on the server to see more")

blp = Blueprint("setup_checks", __name__)


@blp.get(HERE)
@for_staff("owner")
def show() -> str:
    """Every check, dark at first; they are asked one after the other."""
    return render_template("setup/checks.html", names=doctor.names(), waiting=config_file.waiting())


@blp.get(f"{HERE}/<int:number>")
@for_staff("owner")
def ask(number: int) -> str:
    """One check, by its place."""
    names = doctor.names()
    if number >= len(names):
        raise NoSuchStep(f"no check {number}")
    found = examined(names[number], LIMIT_SECONDS)
    return render_template("setup/check.html", found=found, number=number)


def examined(name: str, limit_seconds: float) -> Diagnosis:
    """A check within its time; one that takes longer is left to end by itself."""
    answer: SimpleQueue[Diagnosis] = SimpleQueue()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - a thread has no stand-in
    Thread(target=_examine, args=(app, name, answer), daemon=True).start()
    try:
        return answer.get(timeout=limit_seconds)
    except Empty:
        return Diagnosis(
            name,
            Light.RED,
            Words(f"{limit_seconds:.0f} 秒内没有回答", f"no answer within {limit_seconds:.0f} s"),
            _REACHABLE,
        )


def _examine(app: Flask, name: str, answer: "SimpleQueue[Diagnosis]") -> None:
    with app.app_context():
        try:
            found = doctor.examine_one(name)
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, and nobody waits for it
            kind = type(error).__name__
            found = Diagnosis(name, Light.RED, Words(f"检查出错：{kind}", f"broke: {kind}"), _LOOK)
        answer.put(found)


def _settings() -> Words:
    waiting = config_file.waiting()
    if waiting:
        named = "、".join(waiting)
        raise Ailing(
            Words(f"{named} 已写入，尚未生效", f"{', '.join(waiting)} are written, not in force"),
            Words("重启全部进程", "restart all processes"),
            Light.YELLOW,
        )
    path = Path(current_app.instance_path) / config_file.NAME
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Ailing(
            Words("别的用户也能读 instance/config.py", "others can read instance/config.py"),
            Words("运行：chmod 600 instance/config.py", "run: chmod 600 instance/config.py"),
            Light.YELLOW,
        )
    return Words("全部生效，文件只有主人能读", "all in force, the file is for its owner only")


def _owner() -> Words:
    if settings().is_production and not links.has_staff_now():
        raise Ailing(
            Words("店里还没有人", "nobody works here yet"),
            Words("运行：flask setup", "run: flask setup"),
        )
    return Words("有人管理，或不在生产环境", "somebody runs the shop, or it is not in production")


doctor.register("设置 · settings", _settings)
doctor.register("老板 · owner", _owner)
add_door(Door(HERE, "系统体检", "Check-up", "stethoscope", HOUSE, role="owner", rank=91))
