"""Over TLS the connection goes to the vetted address, and the certificate must still be the name's."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection, socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_httpserver import HTTPServer

from shared.clock import utcnow
from tasks.feeds.fetching.errors import FetchRefused
from tasks.feeds.fetching.http import Ask, Fetcher

PUBLIC = "93.184.216.34"
HOST = "feeds.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for HOST (and the loopback address), with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = utcnow()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def names_asked() -> list[str]:
    """The server names that clients asked for (SNI)."""
    return []


@pytest.fixture
def tls_server(certificate: Path, names_asked: list[str]) -> Iterator[HTTPServer]:
    """A publisher over TLS on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names_asked.append(name)  # type: ignore[assignment]
    with HTTPServer(ssl_context=context) as server:
        server.expect_request("/gbfs.json").respond_with_data("ok")
        yield server


def fetcher(server: HTTPServer, trust_store: Path | None, dialled: list[str]) -> Fetcher:
    """A fetcher to which every name is PUBLIC, and whose connections to PUBLIC end at the test's server."""

    def dialler(address: str, _port: int, seconds: float) -> socket:
        dialled.append(address)
        return create_connection(("127.0.0.1", server.port), seconds)

    return Fetcher(
        trust_store=str(trust_store) if trust_store else None,
        resolver=lambda _h, _p: [PUBLIC],
        dialler=dialler,
    )


def test_the_address_is_pinned_and_the_name_is_checked(
    tls_server: HTTPServer, certificate: Path, names_asked: list[str], tmp_path: Path
) -> None:
    """The connection goes to the vetted address; SNI and the Host header carry the name, and the certificate fits it."""
    dialled: list[str] = []
    fetched = fetcher(tls_server, certificate, dialled).get(
        "bikes", Ask(f"https://{HOST}/gbfs.json"), tmp_path
    )
    (request, _), *_ = tls_server.log

    assert 200 == fetched.status
    assert ([PUBLIC], [HOST], HOST) == (dialled, names_asked, request.headers["Host"])


def test_a_certificate_for_another_name_is_refused(
    tls_server: HTTPServer, certificate: Path, tmp_path: Path
) -> None:
    """An address alone proves nothing: the name must be the certificate's."""
    with pytest.raises(FetchRefused, match=r"certificate or TLS refused: .*Hostname mismatch"):
        fetcher(tls_server, certificate, []).get("bikes", Ask("https://other.example/gbfs.json"), tmp_path)


def test_the_pinned_address_is_not_accepted_as_the_name(
    tls_server: HTTPServer, certificate: Path, tmp_path: Path
) -> None:
    """A certificate for the address that was dialled does not do for a name."""
    with pytest.raises(FetchRefused, match="certificate or TLS refused"):
        fetcher(tls_server, certificate, []).get("bikes", Ask("https://wrong.example/gbfs.json"), tmp_path)


def test_an_unknown_authority_is_refused(tls_server: HTTPServer, tmp_path: Path) -> None:
    """Without the test's trust store the self-signed certificate is worth nothing."""
    with pytest.raises(FetchRefused, match="certificate or TLS refused"):
        fetcher(tls_server, None, []).get("bikes", Ask(f"https://{HOST}/gbfs.json"), tmp_path)
