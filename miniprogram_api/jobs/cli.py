"""`flask worker`, `flask scheduler`, and `flask jobs …` for the operator."""

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from miniprogram_api.commands import AppCommand, AppGroup
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.settings import settings

from . import engine, services
from .models import Job, JobState
from .schedule import schedule_jobs
from .worker import stop_on_signals, work

NOT_ALL_FOUND = 1

jobs_cli = AppGroup("jobs", help="The work that happens later: look, retry, bury, run, purge.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
ids = click.argument("job_ids", type=int, nargs=-1, metavar="ID…")


@click.command("worker", cls=AppCommand)
@click.option("--threads", type=click.IntRange(1, 64), help="Default: the setting WORKER_THREADS.")
@with_appcontext
def worker_command(threads: int | None) -> None:
    """Run jobs until SIGTERM or SIGINT; what is under way is finished first."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    work(app, stop_on_signals(), threads or settings().worker_threads)


@click.command("scheduler", cls=AppCommand)
@with_appcontext
def scheduler_command() -> None:
    """Write due jobs by the calendar until SIGTERM or SIGINT; any number may run."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    schedule_jobs(app, stop_on_signals())


@jobs_cli.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--name", help="Only jobs of this name.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@as_json
def list_command(state: str | None, name: str | None, limit: int, *, as_json: bool) -> None:
    """The newest jobs first."""
    found = services.find_jobs(JobState(state) if state else None, name, limit)
    if as_json:
        click.echo(json.dumps([_described(job) for job in found], ensure_ascii=False))
        return
    for job in found:
        click.echo(_line(job))


@jobs_cli.command("retry")
@ids
@click.option("--all", "all_buried", is_flag=True, help="Every buried job.")
@click.option("--name", help="Only jobs of this name.")
@as_json
def retry_command(
    job_ids: tuple[int, ...], name: str | None, *, all_buried: bool, as_json: bool
) -> None:
    """Give jobs fresh attempts, at once. Exit code 1: some ID is neither buried nor queued."""
    if bool(job_ids) == all_buried:
        raise click.UsageError("give IDs, or --all")
    _tell("retried", services.retry(job_ids or None, name), job_ids, as_json=as_json)


@jobs_cli.command("bury")
@ids
@as_json
def bury_command(job_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Keep queued jobs from being run. Exit code 1: some ID is not queued."""
    if not job_ids:
        raise click.UsageError("give IDs")
    _tell("buried", services.bury(job_ids), job_ids, as_json=as_json)


@jobs_cli.command("run-due")
@as_json
def run_due_command(*, as_json: bool) -> None:
    """Run everything that is due now, in this process."""
    count = engine.run_due()
    click.echo(json.dumps({"run": count}) if as_json else f"{count} run")


@jobs_cli.command("purge")
@click.option("--days", type=click.IntRange(0), help="Default: the setting JOB_KEEP_DAYS.")
@as_json
def purge_command(days: int | None, *, as_json: bool) -> None:
    """Delete jobs that were done longer ago than that."""
    kept_days = settings().job_keep_days if days is None else days
    count = services.purge(timedelta(days=kept_days))
    click.echo(json.dumps({"purged": count}) if as_json else f"{count} purged")


def _tell(verb: str, hit: Sequence[int], wanted: Sequence[int], *, as_json: bool) -> None:
    missed = sorted(set(wanted) - set(hit))
    if as_json:
        click.echo(json.dumps({verb: list(hit), "not_found": missed}))
    else:
        click.echo(f"{len(hit)} {verb}")
        for job_id in missed:
            click.echo(f"job {job_id}: not there, or not in a state for it", err=True)
    if missed:
        sys.exit(NOT_ALL_FOUND)


def _described(job: Job) -> dict[str, Any]:
    """A job without its payload, which may be about a member."""
    return {
        "id": job.id,
        "name": job.name,
        "key": job.key,
        "state": job.state,
        "attempts": job.attempts,
        "last_error": job.last_error,
        "created_at": in_shop_time(job.created_at).isoformat(),
        "due_at": in_shop_time(job.due_at).isoformat(),
        "finished_at": in_shop_time(job.finished_at).isoformat() if job.finished_at else None,
    }


def _line(job: Job) -> str:
    due_at = f"{in_shop_time(job.due_at):%Y-%m-%d %H:%M:%S}"
    line = f"{job.id:>8}  {job.state:<8} {job.attempts}×  {due_at}  {job.name}"
    return f"{line}  {job.last_error}" if job.last_error else line
