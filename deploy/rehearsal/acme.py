"""Let's Encrypt on this machine: pebble issues, certbot renews, nginx shows the new certificate without a restart."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from deploy.rehearsal.edge import DOMAIN, Edge, Ports, account, edge, free_ports
from deploy.rehearsal.machine import PATH, ROOT, Done, need, run
from deploy.rehearsal.stage import Failed, Report
from deploy.rehearsal.stubs import VERSION, Stub, running

T = TypeVar("T")
NAMES = (DOMAIN, f"www.{DOMAIN}", f"api.{DOMAIN}")
SCRIPTS = ROOT / "deploy" / "scripts"


def stage(report: Report) -> None:
    """Issue, renew, let expire."""
    need(
        {
            "nginx": "nginx-light",
            "pebble": "pebble",
            "pebble-challtestsrv": "pebble",
            "certbot": "certbot",
            "openssl": "openssl",
            "curl": "curl",
        }
    )
    with ExitStack() as held:
        stubs = [
            held.enter_context(running(Stub(name))) for name in ("backend", "live", "frontend", "flower")
        ]
        ports = Ports(*free_ports(3), *(stub.port for stub in stubs))
        site = held.enter_context(edge(ports, {"TLS_CHECK_SECONDS": "0.2"}))
        authority = held.enter_context(_authority(site))
        _rehearse(report, site, authority)


def _rehearse(report: Report, site: Edge, authority: Mapping[str, str]) -> None:
    first = site.serial()
    report.check("nginx starts with a certificate of its own", bool(first), first)
    began = time.monotonic()
    done = _certificates(site, authority)
    report.require("certbot asks and is given one", done.code == 0, "" if done.code == 0 else done.output)
    issued = _changed(site, first)
    report.check("nginx shows it without a restart", site.process.poll() is None, issued)
    report.figure(f"asked, issued and shown in {time.monotonic() - began:.1f} s")
    root = Path(authority["root"])
    report.check(
        "every name is on it and the chain is whole", all(_trusted(site, root, name) for name in NAMES)
    )
    smoked = _smoke(site, root)
    report.check("the smoke test passes on it", smoked.code == 0, smoked.output if smoked.code else "")
    began = time.monotonic()
    done = _certificates(site, {**authority, "FORCE_RENEWAL": "yes"})
    report.require("certbot renews it", done.code == 0, "" if done.code == 0 else done.output)
    renewed = _changed(site, issued)
    report.check("nginx shows the new one without a restart", site.process.poll() is None, renewed)
    report.figure(f"renewed and shown in {time.monotonic() - began:.1f} s")
    _expire(site)
    _changed(site, renewed)
    smoked = _smoke(site, site.folder / "expired.pem")
    report.check(
        "an expired certificate fails the smoke test",
        smoked.code != 0 and "certificate has expired" in smoked.output,
        smoked.output.splitlines()[0] if smoked.output else "",
    )


def _certificates(site: Edge, authority: Mapping[str, str]) -> Done:
    """Run what the certbot container runs, as who it runs."""
    env = {
        "PATH": PATH,
        "HOME": str(site.folder),
        "LETSENCRYPT_DIR": str(site.folder / "letsencrypt"),
        "WEBROOT_DIR": str(site.folder / "webroot"),
        "CERTBOT_WORK": str(site.folder / "cache"),
        "CERT_NAME": DOMAIN,
        "CERT_DOMAINS": " ".join(NAMES),
        "ACME_EMAIL": f"ops@{DOMAIN}",
        **authority,
    }
    script = (SCRIPTS / "certificates.sh").read_text()
    done = subprocess.run(
        ["sh", "-s", "once"], input=script, capture_output=True, text=True, env=env, cwd=site.folder, timeout=120,
        check=False, **account(),
    )  # fmt: skip
    return Done(done.returncode, done.stdout + done.stderr)


def _smoke(site: Edge, root: Path) -> Done:
    env = {"SMOKE_CONNECT": f"127.0.0.1:{site.ports.https}", "SMOKE_CA": str(root)}
    return run("bash", SCRIPTS / "smoke.sh", f"https://{DOMAIN}", VERSION, env=env)


def _changed(site: Edge, before: str) -> str:
    """Return the serial once it is another; an upper limit of ten seconds."""
    return _await(
        lambda: serial if (serial := site.serial()) != before else None,
        "nginx still shows the old certificate",
    )


def _trusted(site: Edge, root: Path, name: str) -> bool:
    context = ssl.create_default_context(cafile=str(root))
    raw = socket.create_connection(("127.0.0.1", site.ports.https), timeout=5)
    with contextlib.suppress(ssl.SSLError), context.wrap_socket(raw, server_hostname=name):
        return True
    return False


def _expire(site: Edge) -> None:
    """Put a pair in place that ended yesterday."""
    live = site.folder / "letsencrypt" / "live" / DOMAIN
    key, request, expired = (site.folder / name for name in ("expired.key", "expired.csr", "expired.pem"))
    names = site.folder / "names.txt"
    names.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES))
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={DOMAIN}")
    run("openssl", "req", *new, "-keyout", key, "-out", request)
    done = run(
        "openssl",
        "x509",
        "-req",
        "-in",
        request,
        "-signkey",
        key,
        "-days",
        "-1",
        "-extfile",
        names,
        "-out",
        expired,
    )
    if done.code:
        raise Failed(f"no expired certificate could be made: {done.output}")
    for source, target in ((expired, "fullchain.pem"), (key, "privkey.pem")):
        (live / target).resolve().write_bytes(source.read_bytes())


@contextmanager
def _authority(site: Edge) -> Iterator[dict[str, str]]:
    """Run pebble and its name server; what certbot must know of them."""
    https, management, dns, control = free_ports(4)
    with tempfile.TemporaryDirectory(prefix="citypulse-acme-") as name, ExitStack() as held:
        folder = Path(name)
        folder.chmod(0o755)
        key, certificate = folder / "key.pem", folder / "cert.pem"
        new = (
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=localhost",
        )
        names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        run("openssl", "req", "-x509", *new, *names, "-days", "2", "-keyout", key, "-out", certificate)
        config = {
            "listenAddress": f"127.0.0.1:{https}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": site.ports.http,
            "tlsPort": site.ports.https,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        names_served = ("-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{dns}")
        off = ("-http01", "", "-https01", "", "-tlsalpn01", "")
        held.enter_context(
            _background("pebble-challtestsrv", *names_served, *off, "-management", f"127.0.0.1:{control}")
        )
        held.enter_context(
            _background("pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{dns}")
        )
        root = folder / "root.pem"
        root.write_bytes(
            _await(lambda: _fetch(management, "/roots/0", certificate), "pebble does not answer")
        )
        yield {
            "ACME_SERVER": f"https://localhost:{https}/dir",
            "REQUESTS_CA_BUNDLE": str(certificate),
            "root": str(root),
        }


@contextmanager
def _background(*command: str) -> Iterator[None]:
    env = {"PATH": PATH, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _fetch(port: int, path: str, certificate: Path) -> bytes | None:
    context = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=2)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read()
    return None


def _await(look: Callable[[], T | None], otherwise: str, limit_seconds: float = 15) -> T:
    deadline = time.monotonic() + limit_seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Failed(otherwise)
        time.sleep(0.05)
    return found
