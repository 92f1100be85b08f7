"""An SSH server on loopback that lets in one key: the host of a rehearsed deployment."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.rehearsal.edge import free_ports
from deploy.rehearsal.machine import PATH, run
from deploy.rehearsal.stage import Failed


@dataclass(frozen=True)
class Host:
    """Where the server listens, a key it lets in, and the line by which it is known."""

    port: int
    key: str
    known_hosts: str

    @property
    def env(self) -> dict[str, str]:
        """What ssh-deploy.sh must be told of it."""
        return {
            "DEPLOY_HOST": "127.0.0.1",
            "DEPLOY_PORT": str(self.port),
            "DEPLOY_USER": getpass.getuser(),
            "DEPLOY_SSH_KEY": self.key,
            "DEPLOY_KNOWN_HOSTS": self.known_hosts,
        }


@contextmanager
def running_sshd(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Host]:
    """
    Run the server for the length of the block; what it starts finds `environ` in its environment.

    Raises: Failed when it does not start.
    """
    folder.mkdir(mode=0o700)
    port = free_ports(1)[0]
    for name in ("host", "client"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    (folder / "authorized").write_text((folder / "client.pub").read_text())
    told = " ".join(f'"{name}={value}"' for name, value in (environ or {}).items())
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile {folder}/pid\nPasswordAuthentication no\nStrictModes no\nUsePAM no\nSubsystem sftp internal-sftp\n"
        "PermitRootLogin prohibit-password\n" + (f"SetEnv {told}\n" if told else "")
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    sshd = shutil.which("sshd", path=PATH) or "sshd"
    process = subprocess.Popen([sshd, "-D", "-q", "-f", str(folder / "config")])
    try:
        _await_port(port)
        known = f"[127.0.0.1]:{port} " + " ".join((folder / "host.pub").read_text().split()[:2])
        yield Host(port, (folder / "client").read_text(), known)
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise Failed("sshd did not start")
