"""Celery's settings: Redis is a doorbell, so nothing here is trusted to keep anything."""

from importlib.metadata import version
from typing import Any

CELERY: dict[str, Any] = {
    "result_backend": None,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_reject_on_worker_lost": False,
    "task_soft_time_limit": 300,
    "task_time_limit": 330,
    "task_default_queue": "bulk",
    "task_create_missing_queues": False,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_max_tasks_per_child": 2000,
    "worker_max_memory_per_child": 400_000,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_send_task_events": True,
    "worker_hijack_root_logger": False,
    "worker_enable_remote_control": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_transport_options": {
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "global_keyprefix": "cp:",
    },
    "enable_utc": True,
    "beat_scheduler": "workers.beat:PostgresScheduler",
    "beat_max_loop_interval": 1,
}

TESTED = {"celery": "5.7.0", "kombu": "5.7.0", "redis": "8.1.0"}


def refuse_untested_versions() -> None:
    """
    Refuse to start on a celery, kombu and redis-py that were not tested together.

    Raises: RuntimeError naming what is installed and what was tested. Source: silent deafness of
    workers on other triples (celery#8030, #10502, celery#10294).
    """
    found = {name: version(name) for name in TESTED}
    if found != TESTED:
        raise RuntimeError(f"untested versions {found}: this release was tested with {TESTED}")
