"""
Run the production nginx configuration on this machine: the same files, other paths and ports.

Every replacement must be found, so that a renamed path cannot make a rehearsal test something else.
"""

import contextlib
import http.client
import io
import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent.parent
DOMAIN = "city-pulse.app"
ENTRYPOINT = ROOT / "deploy" / "docker" / "nginx" / "entrypoint.sh"
#: Who nginx runs as: not root, as in its container.
ACCOUNT = "nobody"
#: `worker_processes auto`: one a core.
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True)
class Ports:
    """Where everything listens on 127.0.0.1."""

    http: int
    https: int
    inside: int
    backend: int
    live: int
    frontend: int
    flower: int


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Edge:
    """A running nginx."""

    folder: Path
    ports: Ports
    process: subprocess.Popen[bytes]
    #: Where requests come from: limits are counted by address, and loopback has many.
    address: str = "127.0.0.1"

    def connect(self, server_name: str = DOMAIN, protocols: tuple[str, ...] = ()) -> ssl.SSLSocket:
        """Open a TLS connection; the certificate is ours and not checked."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(list(protocols))
        raw = socket.create_connection(
            ("127.0.0.1", self.ports.https), timeout=20, source_address=(self.address, 0)
        )
        try:
            return context.wrap_socket(raw, server_hostname=server_name)
        except BaseException:
            raw.close()
            raise

    def ask(
        self,
        path: str,
        method: str = "GET",
        host: str = DOMAIN,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask over HTTPS and read the whole answer."""
        connection = http.client.HTTPSConnection(host, timeout=20)
        connection.sock = self.connect(host)
        return _exchange(connection, method, path, headers, body)

    def ask_at_once(self, path: str, headers: Sequence[Mapping[str, str]]) -> list[Answer]:
        """Ask once with each of the headers, on one connection, without waiting between; then read the answers."""
        requests = [
            f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in each.items())
            for each in headers
        ]
        with self.connect() as connection:
            connection.sendall("".join(f"{each}\r\n" for each in requests).encode())
            return [_read(connection) for _ in requests]

    def ask_plain(self, path: str, host: str = DOMAIN, port: int | None = None) -> Answer:
        """Ask over plain HTTP."""
        where = (self.address, 0)
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.ports.http, timeout=20, source_address=where
        )
        return _exchange(connection, "GET", path, {"Host": host}, None)

    def serial(self) -> str:
        """The serial number of the certificate it shows, in hexadecimal."""
        with self.connect() as connection:
            shown = connection.getpeercert(binary_form=True) or b""
        asked = ["openssl", "x509", "-inform", "der", "-noout", "-serial"]
        return subprocess.run(asked, input=shown, capture_output=True, check=True).stdout.decode().strip()

    def switch(self, backend: int, live: int) -> None:
        """Do what deploy.sh does: write the upstream, test, reload; return when no old worker takes requests."""
        write_upstream(self.folder / "conf", backend, live)
        # One that has only just begun has not said yet that it is a worker: the reload would miss it.
        while len(old := self._workers()) < WORKERS:
            time.sleep(0.01)
        nginx(self.folder, "-t", "-q")
        nginx(self.folder, "-s", "reload")
        while old & self._workers():
            time.sleep(0.01)

    def _workers(self) -> set[int]:
        """The processes that take requests."""
        return {
            pid for pid, title in _children(self.process.pid) if title.startswith("nginx: worker process\0")
        }

    def access_log(self, count: int) -> list[dict[str, Any]]:
        """The access log's first lines; waits for them, as nginx writes a line after the answer has gone."""
        while len(lines := (self.folder / "access.log").read_text().splitlines()) < count:
            time.sleep(0.01)
        return [json.loads(line) for line in lines[:count]]


def free_ports(count: int) -> list[int]:
    """Return different free loopback ports."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def missing() -> str | None:
    """Say why the edge cannot run here, or None."""
    for program in ("nginx", "openssl"):
        if shutil.which(program, path=_path()) is None:
            return f"{program} is not installed"
    return None


@contextmanager
def edge(ports: Ports, environ: Mapping[str, str] | None = None) -> Iterator[Edge]:
    """
    Run nginx with the production configuration for the length of the block.

    Raises: RuntimeError with nginx's own words when it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="citypulse-edge-"))
    try:
        render(folder, ports)
        process = _start(folder, environ or {})
        try:
            _wait(folder, ports, process)
            yield Edge(folder, ports, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def render(folder: Path, ports: Ports) -> None:
    """
    Write the production configuration into `folder/conf` with this machine's paths and ports.

    Raises: LookupError for a replacement that the configuration does not contain.
    """
    shutil.copytree(ROOT / "nginx", folder / "conf")
    for name in ("run", "cache", "webroot", "uploads", "letsencrypt"):
        (folder / name).mkdir()
    left = _replacements(folder, ports)
    found = set()
    for file in sorted((folder / "conf").rglob("*.conf")):
        content = file.read_text()
        for old, new in left.items():
            if old in content:
                found.add(old)
                content = content.replace(old, new)
        file.write_text(content)
    if lost := left.keys() - found:
        raise LookupError(f"nginx: the configuration no longer says {sorted(lost)}")
    write_upstream(folder / "conf", ports.backend, ports.live)
    (folder / "uploads" / "photo.webp").write_bytes(b"RIFF....WEBP")
    _give_away(folder)


def write_upstream(conf: Path, backend: int, live: int) -> None:
    """Write which servers answer."""
    (conf / "upstream.conf").write_text(
        f"upstream citypulse_backend {{ server 127.0.0.1:{backend} max_fails=0; keepalive 32; keepalive_timeout 60s; }}\n"
        f"upstream citypulse_live {{ server 127.0.0.1:{live} max_fails=0; }}\n"
    )


def nginx(folder: Path, *arguments: str) -> None:
    """
    Speak to the nginx of `folder`.

    Raises: RuntimeError with its words when it refuses.
    """
    command = ["nginx", "-c", str(folder / "conf" / "nginx.conf"), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": _path()}, check=False, **account()
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())


def _replacements(folder: Path, ports: Ports) -> dict[str, str]:
    return {
        "/run/citypulse-nginx": str(folder / "run"),
        "/var/cache/nginx": str(folder / "cache"),
        "/var/www/certbot": str(folder / "webroot"),
        "alias /data/uploads/": f"alias {folder / 'uploads'}/",
        "/dev/stdout": str(folder / "access.log"),
        "/dev/stderr": str(folder / "error.log"),
        "listen 80 ": f"listen 127.0.0.1:{ports.http} ",
        "listen 80;": f"listen 127.0.0.1:{ports.http};",
        "listen 443 ": f"listen 127.0.0.1:{ports.https} ",
        "listen 8081": f"listen 127.0.0.1:{ports.inside}",
        "http://frontend:80": f"http://127.0.0.1:{ports.frontend}",
        "http://flower:5555": f"http://127.0.0.1:{ports.flower}",
        # The limit of open files is the machine's here.
        "worker_rlimit_nofile 16384;": "worker_rlimit_nofile 4096;",
        "worker_connections 8192;": "worker_connections 1024;",
    }


def _start(folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    env = {
        "PATH": _path(),
        "NGINX_CONFIG": str(folder / "conf" / "nginx.conf"),
        "NGINX_RUN": str(folder / "run"),
        "LETSENCRYPT_DIR": str(folder / "letsencrypt"),
        "HOME": str(folder),
        **environ,
    }
    with (folder / "output.log").open("wb") as output:
        return subprocess.Popen(
            ["sh", str(_readable(ENTRYPOINT, folder))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=folder,
            start_new_session=True,
            **account(),
        )


def _wait(folder: Path, ports: Ports, process: subprocess.Popen[bytes], limit_seconds: float = 15) -> None:
    deadline = time.monotonic() + limit_seconds
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", ports.https), timeout=1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            said = [
                file.read_text() for file in (folder / "output.log", folder / "error.log") if file.exists()
            ]
            raise RuntimeError("nginx did not start: " + "\n".join(said))
        time.sleep(0.02)


def _children(parent: int) -> Iterator[tuple[int, str]]:
    """Yield each child of a process and its title."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                yield int(stat.parent.name), (stat.parent / "cmdline").read_text()


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str] | None,
    body: bytes | None,
) -> Answer:
    with contextlib.closing(connection):
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
        except (BrokenPipeError, ConnectionResetError):
            if body is None:  # A body may be refused before it is sent; the answer is there all the same.
                raise
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def _read(connection: ssl.SSLSocket) -> Answer:
    """Read one answer of several, byte by byte, so that nothing of the next one is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1) or _ended(head)
    status, _, fields = head.partition(b"\r\n")
    headers = http.client.parse_headers(io.BytesIO(fields))
    body = b""
    if "chunked" in headers.get("Transfer-Encoding", ""):
        raise NotImplementedError("the stubs say how long their answers are")
    while len(body) < int(headers["Content-Length"]):
        body += connection.recv(int(headers["Content-Length"]) - len(body)) or _ended(head)
    return Answer(int(status.split()[1]), headers, body)


def _ended(head: bytes) -> NoReturn:
    raise ConnectionError(f"the connection ended within an answer, after {head!r}")


def _readable(script: Path, folder: Path) -> Path:
    """Copy a script to where the account can read it."""
    copy = folder / script.name
    shutil.copy(script, copy)
    copy.chmod(0o755)
    return copy


def _give_away(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(ACCOUNT)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def account() -> dict[str, Any]:  # of several types, for subprocess
    """Return the keyword arguments that start a process as the account nginx runs as."""
    if os.geteuid() != 0:
        return {}
    return {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid, "extra_groups": []}


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
