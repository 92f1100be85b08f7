"""gunicorn for HTTP: a few threads a worker, so that one slow query holds up nobody else."""

import os
import shutil
import tempfile

bind = os.environ.get("WEB_BIND", "0.0.0.0:5000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 30
graceful_timeout = 25
# Longer than nginx keeps an idle connection to us (60 s): whoever lets go first may do so just as the other asks, and
# nginx does not ask twice for what changes something.
keepalive = 75
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 4094
limit_request_fields = 60
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - a heartbeat file must not wait for a disk
accesslog = None
errorlog = "-"
loglevel = "warning"

os.environ.setdefault(
    "PGOPTIONS", "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s"
)
# The workers' counters lie in files there, so that a scrape that meets one of them sees them all.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="citypulse-metrics-"))


def child_exit(server, worker):
    """Drop the gauges of a worker that ended; its counters stay in the sum."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Take the counters' folder away."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
