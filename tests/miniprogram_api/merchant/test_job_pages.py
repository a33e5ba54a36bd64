"""任务: figures, one job without personal data, retrying and burying with a reason."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.schedule import catch_up, write_due
from miniprogram_api.merchant.job_list import shown_payload
from tests.builders import shanghai
from tests.office import Clerk, acts_count, acts_of

NAME = "risk.forget"


@pytest.fixture
def li(app: Flask) -> Clerk:
    clock.set(shanghai("2026-11-21 13:00"))
    return Clerk(app, "manager", "li")


def job(state: JobState = JobState.BURIED, name: str = NAME, **facts: object) -> int:
    is_over = state in {JobState.BURIED, JobState.DONE}
    values: dict[str, object] = {
        "name": name,
        "payload": {"due_at": "2026-11-21"},
        "state": state,
        "attempts": 5,
        "created_at": now(),
        "due_at": now(),
        "sweep_at": None if is_over else now(),
        "finished_at": now() if is_over else None,
    }
    with transaction() as session:
        row = Job(**(values | facts))
        session.add(row)
        session.flush()  # its number is the answer
        return row.id


def state_of(job_id: int) -> tuple[str, int]:
    db.session.rollback()
    row = db.session.execute(sa.select(Job.state, Job.attempts).filter_by(id=job_id)).one()
    return row.state, row.attempts


def test_what_may_be_about_a_person_is_left_out() -> None:
    told = shown_payload(
        {
            "purchase_no": "W2026112100001",
            "member_id": 7,
            "phone": "13800138000",
            "openid": "oLi1234567890abcdefghijklmno",
            "name": "李雷",
            "at": {"due_at": "2026-11-21T05:00:00+00:00"},
            "ids": [1, 2],
        }
    )
    assert told == [
        ("purchase_no", "W2026112100001"),
        ("member_id", "7"),
        ("phone", "***"),
        ("openid", "***"),
        ("name", "***"),
        ("at.due_at", "2026-11-21T05:00:00+00:00"),
        ("ids", "1, 2"),
    ]


def test_the_list_counts_what_is_late_and_buried(li: Clerk) -> None:
    job(last_error="ValueError: nothing fits")
    job(JobState.QUEUED, due_at=now() - timedelta(minutes=6))
    page = li.get("/admin/jobs").text
    assert "ValueError: nothing fits" in page
    assert "最久已等 360 秒" in page
    late = li.get("/admin/jobs?state=late").text
    assert late.count('data-name="任务"') == 1
    assert "搁置的任务" in page


def test_a_buried_job_is_retried_with_a_reason_and_leaves_its_act(li: Clerk) -> None:
    number = job()
    answer = li.post(f"/admin/jobs/{number}/retry", reason="已修复")
    assert (answer.status_code, answer.location) == (303, f"/admin/jobs/{number}?told=done")
    assert state_of(number) == ("queued", 0)
    assert acts_of("jobs.retry") == [
        (
            "staff:li",
            f"job:{number}",
            {"state": "buried", "attempts": 5},
            {"state": "queued", "attempts": 0},
            "已修复",
        )
    ]


def test_without_a_reason_nothing_is_retried(li: Clerk) -> None:
    number, before = job(), acts_count()
    answer = li.post(f"/admin/jobs/{number}/retry", reason="  ", asked="retry")
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert "data-opens-now" in answer.text
    assert (state_of(number), acts_count()) == (("buried", 5), before)


def test_a_job_that_is_done_is_not_retried(li: Clerk) -> None:
    number, before = job(JobState.DONE), acts_count()
    answer = li.post(f"/admin/jobs/{number}/retry", reason="再来")
    assert answer.status_code == 409
    assert "任务当前状态不支持此操作" in answer.text
    assert (state_of(number), acts_count()) == (("done", 5), before)


def test_all_buried_of_a_name_are_retried_and_no_others(li: Clerk) -> None:
    mine, other = [job(), job()], job(name="jobs.purge")
    assert li.post("/admin/jobs/retry", name=NAME, reason="已修复").status_code == 303
    assert [state_of(one)[0] for one in mine] == ["queued", "queued"]
    assert state_of(other)[0] == "buried"
    [(_who, subject, before, after, _why)] = acts_of("jobs.retry_all")
    assert (subject, before, after) == (
        f"jobs:{NAME}",
        {"buried": 2},
        {"buried": 0, "queued": 2},
    )


def test_a_queued_job_is_buried_and_a_running_one_is_not(li: Clerk) -> None:
    queued, running = job(JobState.QUEUED), job(JobState.RUNNING)
    assert li.post(f"/admin/jobs/{queued}/bury", reason="不需要").status_code == 303
    assert li.post(f"/admin/jobs/{running}/bury", reason="不需要").status_code == 409
    assert (state_of(queued)[0], state_of(running)[0]) == ("buried", "running")
    assert len(acts_of("jobs.bury")) == 1


def test_a_job_of_no_such_number_is_not_there(li: Clerk) -> None:
    assert li.get("/admin/jobs/999999").status_code == 404
    assert li.post("/admin/jobs/999999/retry", reason="x").status_code == 404


def test_the_schedule_tells_last_next_and_what_became_of_it(li: Clerk) -> None:
    catch_up()
    write_due(NAME, shanghai("2026-11-22 03:35"))
    page = li.get("/admin/jobs/schedule").text
    row = page.split(f"name={NAME}")[1].split("</tr>")[0]
    assert "35 3 * * *" in row
    assert row.count("2026-11-22 03:35:00") == 2  # written already, and next by the clock
    assert "等待中" in row


def test_an_editor_may_not(app: Flask) -> None:
    number = job()
    zhou = Clerk(app, "editor")
    for path in ("/admin/jobs", "/admin/jobs/schedule", f"/admin/jobs/{number}"):
        assert zhou.get(path).status_code == 403
    assert zhou.post(f"/admin/jobs/{number}/retry", reason="x").status_code == 403
    assert state_of(number)[0] == "buried"


def test_a_form_without_the_pages_proof_is_refused(li: Clerk) -> None:
    number = job()
    answer = li.post(f"/admin/jobs/{number}/retry", proof=False, reason="x")
    assert answer.status_code == 403
    assert state_of(number)[0] == "buried"
