"""gunicorn for WebSockets: one gevent worker holds thousands, and nothing but sockets."""

import os
import resource

bind = os.environ.get("LIVE_BIND", "0.0.0.0:5001")
worker_class = "gevent"
workers = int(os.environ.get("LIVE_WORKERS", "1"))
# Connections in the middle of a handshake or of /health; open sockets have left gunicorn's hands.
worker_connections = 2000
backlog = 2048
timeout = 60
graceful_timeout = 10
keepalive = 5
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

# Each socket is an open file: take as many as the machine allows us.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))


def post_fork(server, worker):
    """Let Postgres calls wait as greenlets do."""
    from web.live import pgwait

    pgwait.install()


def post_worker_init(worker):
    """Begin to read the stream."""
    from web.live import wsgi

    wsgi.start()


def worker_exit(server, worker):
    """Tell every client to go elsewhere (close code 1012)."""
    from web.live import wsgi

    wsgi.stop()
