"""What it takes to run an installation: keys, storage, sessions, staff, jobs."""

from dataclasses import dataclass

from .setting import setting


@dataclass(frozen=True)
class RunningSettings:
    """What it takes to run an installation: keys, storage, sessions, staff, jobs."""

    # The installation
    environment: str = setting(
        "demo", "demo, test or production; production refuses what is only fit for a laptop"
    )
    secret_keys: str = setting(
        "", "signing keys for session tokens, newest first, separated by commas", secret=True
    )
    field_keys: str = setting(
        "",
        "keys for personal fields, newest first: id:base64 of 32 bytes, separated by commas",
        secret=True,
    )
    index_key: str = setting(
        "", "key for look-ups of encrypted fields: base64 of 32 bytes", secret=True
    )
    metrics_token: str = setting(
        "", "bearer token for /metrics; empty closes the page", secret=True
    )
    trusted_proxies: int = setting(
        0, "reverse proxies in front that set X-Forwarded-For", "proxies"
    )
    log_format: str = setting("json", "json or console")
    max_body_bytes: int = setting(64 * 1024, "largest request body that is read", "bytes")

    idempotency_keep_days: int = setting(
        7, "how long the answer to a request is kept for its repeats", "days"
    )

    # The shop
    shop_name: str = setting("积分商城", "shown to shoppers")
    shop_time_zone: str = setting("Asia/Shanghai", "zone whose midnights divide the shop's days")

    # Storage
    database_url: str = setting(
        "",
        "sqlite:///… or postgresql+psycopg://…; empty: mall.db in the instance folder",
        secret=True,
    )
    database_pool_size: int = setting(16, "connections a process keeps (PostgreSQL)", "connections")
    redis_url: str = setting(
        "",
        "redis://…, unix://…, or redis-cluster://…; empty: the socket in the instance folder",
        secret=True,
    )
    broker_url: str = setting(
        "", "redis://… or amqp://… for the job queue; empty: the same Redis as above", secret=True
    )

    # Sessions
    access_token_seconds: int = setting(7200, "life of an access token", "seconds")
    revocation_poll_seconds: float = setting(
        2.0, "how often a process asks for revoked sessions; at most 5", "seconds"
    )

    # Staff
    staff_session_hours: int = setting(12, "life of a session of staff", "hours")
    staff_idle_minutes: int = setting(
        120, "a session of staff that was not used for so long is over", "minutes"
    )
    staff_till_idle_minutes: int = setting(
        5, "idle minutes after which a till's page asks for the PIN; 0: it never does", "minutes"
    )
    staff_lock_after: int = setting(5, "wrong sign-ins in a row that lock an account", "sign-ins")
    staff_lock_minutes: int = setting(15, "how long it stays locked", "minutes")
    staff_sign_ins_per_minute: int = setting(
        30, "sign-ins of staff from one address", "calls a minute"
    )
    staff_second_factor_from: str = setting(
        "",
        "role from which a second factor is demanded: cashier, editor, manager or owner; empty: none",
    )

    # Work that happens later
    worker_threads: int = setting(4, "jobs that one worker process runs at once", "threads")
    worker_sweep_seconds: float = setting(
        3.0, "how often a worker looks for jobs that were never handed over or lost", "seconds"
    )
    worker_stop_seconds: float = setting(
        30.0, "how long a stopping worker waits for the jobs under way", "seconds"
    )
    job_lease_seconds: int = setting(
        60, "after so long without a sign of its worker a job is run again", "seconds"
    )
    job_keep_days: int = setting(14, "how long done jobs are kept", "days")
