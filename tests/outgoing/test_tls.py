"""HTTPS over a pinned address: the certificate must be the name's, not the address's."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from routing.outgoing.client import GuardedClient
from routing.outgoing.errors import OutgoingError, Sent
from routing.outgoing.messages import Request
from tests.outgoing.scripted_server import http, scripted_server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Write a self-signed certificate of shop.example with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "shop.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_no_certificate_that_the_environment_names_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    with scripted_server([http("sealed")], ssl_context=serving) as server:
        client = GuardedClient([f"shop.example:{server.port}"], resolve=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(OutgoingError) as caught:
            client.send(Request("GET", f"https://shop.example:{server.port}/"), deadline_seconds=5, max_bytes=100)
        assert caught.value.sent == Sent.NOT_SENT
        client.close()


@pytest.mark.parametrize(("host", "trusted"), [("shop.example", True), ("other.example", False)])
def test_the_certificate_is_checked_against_the_name_that_was_called(
    certificate: Path,
    host: str,
    trusted: bool,  # noqa: FBT001 - a parametrised case
) -> None:
    names: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    with scripted_server([http("sealed")], ssl_context=serving) as server:
        client = GuardedClient(
            [f"{host}:{server.port}"],
            resolve=lambda _host, _port: ["127.0.0.1"],
            ssl_context=ssl.create_default_context(cafile=str(certificate)),
        )
        request = Request("POST", f"https://{host}:{server.port}/")
        if trusted:
            assert client.send(request, deadline_seconds=5, max_bytes=100).body == b"sealed"
            assert server.received[0].headers["host"] == f"{host}:{server.port}"
        else:
            with pytest.raises(OutgoingError) as caught:
                client.send(request, deadline_seconds=5, max_bytes=100)
            assert caught.value.sent == Sent.NOT_SENT
            assert server.received == []
        assert names == [host]
        client.close()
