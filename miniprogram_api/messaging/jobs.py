"""The messages' work that happens later."""

from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled

from .services import SEND_JOB, Notice, deliver, forget_old_messages


@job(SEND_JOB)
def send(payload: Payload) -> None:
    """Send one notice."""
    notice = Notice(int(payload["member_id"]), payload["fields"], str(payload["reference"]))
    deliver(str(payload["kind"]), notice)


@scheduled("messages.retention", cron="35 4 * * *")
def keep_retention(_payload: Payload) -> None:
    """Delete the records of messages whose time is over."""
    forget_old_messages()
