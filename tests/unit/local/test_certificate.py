"""The certificate, in a real TLS handshake."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from local.cloud.certificate import Certificate


def _handshake(certificate: Certificate, *, client: ssl.SSLContext, name: str) -> None:
    """Connect a client to a server that shows the certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.certificate, certificate.key)
    near, far = socket.socketpair()

    def serve() -> None:
        with far:
            try:
                server.wrap_socket(far, server_side=True).close()
            except (ssl.SSLError, OSError):
                return  # The client says why.

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with near:
            client.wrap_socket(near, server_hostname=name).close()
    finally:
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_client_with_the_bundle_trusts_it(tmp_path: Path, name: str) -> None:
    made = Certificate.make(tmp_path / "tls")
    context = ssl.create_default_context(cafile=str(made.bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    _handshake(made, client=context, name=name)


def test_nobody_else_trusts_it_nor_it_for_another_name(tmp_path: Path) -> None:
    made = Certificate.make(tmp_path / "tls")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(made, client=ssl.create_default_context(), name="localhost")
    trusting = ssl.create_default_context(cafile=str(made.bundle))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(made, client=trusting, name="example.com")


def test_the_bundle_keeps_what_this_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.pem").write_text("a company's own CA", encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    made = Certificate.make(tmp_path / "tls")
    text = made.bundle.read_text(encoding="utf-8")
    assert text.startswith("a company's own CA\n-----BEGIN CERTIFICATE-----")


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    made = Certificate.make(tmp_path / "tls")
    assert made.key.stat().st_mode & 0o077 == 0
    again = Certificate.make(tmp_path / "tls")
    assert again.key.stat().st_mode & 0o077 == 0


def test_a_cloud_within_a_cloud_is_trusted_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = Certificate.make(tmp_path / "outer")
    monkeypatch.setenv("SSL_CERT_FILE", str(outer.bundle))
    inner = Certificate.make(tmp_path / "inner")
    trusting = ssl.create_default_context(cafile=str(inner.bundle))

    _handshake(outer, client=trusting, name="localhost")
    _handshake(inner, client=trusting, name="localhost")
