"""任务 · jobs: what waits, is late, runs or was buried, and the calendar that writes them."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.jobs.models import Job
from miniprogram_api.jobs.registry import job_names, patience_with
from miniprogram_api.jobs.services import queue_figures
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff

from . import job_acts
from .acting import carried_out
from .csv_files import download
from .forms import Form, reason_sent
from .job_list import LATE, buried_by_name, jobs_asked, late_count, shown_payload, timetables
from .listing import Choice, asked, list_page
from .navigation import HOUSE, Door, add_door

ADDRESS = "/admin/jobs"
STATES = {
    "queued": ("等待中", "Queued", "blue"),
    LATE: ("已延误", "Late", "orange"),
    "running": ("执行中", "Running", "purple"),
    "done": ("已完成", "Done", "green"),
    "buried": ("已搁置", "Buried", "red"),
}

blp = Blueprint("merchant_jobs", __name__)


@blp.get(ADDRESS)
@for_staff("manager")
def jobs() -> Any:
    """Jobs, the newest first, with the figures of the queue; the same as a file."""
    return _list(Form())


@blp.get(f"{ADDRESS}/schedule")
@for_staff("manager")
def schedule() -> str:
    """What is due by the calendar: last and next."""
    return render_template("merchant/schedule.html", tables=timetables(), states=STATES)


@blp.get(f"{ADDRESS}/<int:job_id>")
@for_staff("manager")
def job(job_id: int) -> str:
    """One job."""
    return _page(job_id, Form())


@blp.post(f"{ADDRESS}/<int:job_id>/retry")
@for_staff("manager")
def retry(job_id: int) -> Any:
    """Give a job fresh attempts."""
    return carried_out(
        lambda _form: job_acts.retry(job_id, reason_sent()),
        then=f"{ADDRESS}/{job_id}",
        again=lambda form: _page(job_id, form),
    )


@blp.post(f"{ADDRESS}/<int:job_id>/bury")
@for_staff("manager")
def bury(job_id: int) -> Any:
    """Keep a job from being run."""
    return carried_out(
        lambda _form: job_acts.bury(job_id, reason_sent()),
        then=f"{ADDRESS}/{job_id}",
        again=lambda form: _page(job_id, form),
    )


@blp.post(f"{ADDRESS}/retry")
@for_staff("manager")
def retry_all() -> Any:
    """Give every buried job of a name fresh attempts."""
    return carried_out(
        lambda form: job_acts.retry_all(form.value("name")[:80], reason_sent()),
        then=f"{ADDRESS}?state=buried",
        again=lambda form: str(_list(form)),
    )


def _list(form: Form) -> Any:
    choices = _choices()
    wanted = asked(*choices)
    return list_page(
        wanted,
        jobs_asked(wanted),
        "merchant/jobs.html",
        file=_file,
        choices=choices,
        figures=queue_figures(),
        late=late_count(),
        buried=buried_by_name(),
        states=STATES,
        form=form,
    )


def _page(job_id: int, form: Form) -> str:
    found = db.session.get(Job, job_id, populate_existing=True)
    if found is None:
        raise job_acts.NoSuchJob(f"no job {job_id}")
    return render_template(
        "merchant/job.html",
        job=found,
        payload=shown_payload(found.payload),
        patience=patience_with(found.name),
        states=STATES,
        form=form,
    )


def _choices() -> Sequence[Choice]:
    return (
        Choice("state", "全部状态", "Any state", [(code, *of[:2]) for code, of in STATES.items()]),
        Choice("name", "全部任务", "Any job", [(name, name, name) for name in job_names()]),
    )


def _file(rows: Sequence[Job]) -> Any:
    columns = (
        say("编号", "Number"),
        say("任务", "Job"),
        say("状态", "State"),
        say("次数", "Attempts"),
        say("应执行", "Due"),
        say("结束", "Ended"),
        say("错误", "Error"),
    )
    return download("jobs", columns, [_cells(row) for row in rows])


def _cells(row: Job) -> tuple[object, ...]:
    ended = row.finished_at and in_shop_time(row.finished_at).isoformat()
    due = in_shop_time(row.due_at).isoformat()
    state = say(*STATES[row.state][:2])
    return (row.id, row.name, state, row.attempts, due, ended, row.last_error)


add_door(Door(ADDRESS, "任务", "Jobs", "clock-cog", HOUSE, role="manager", rank=70))
