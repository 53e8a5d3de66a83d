"""The local cloud's certificate, and a bundle in which clients trust it."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Files of a self-signed server certificate for 127.0.0.1 and localhost."""

    certificate: Path
    key: Path
    bundle: Path

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        """Make the files in a folder; the bundle also holds the CAs that this machine trusts."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(
            certificate=folder / "server.pem",
            key=folder / "server.key",
            bundle=folder / "bundle.pem",
        )
        key = ec.generate_private_key(ec.SECP256R1())
        text = _self_signed(key).public_bytes(serialization.Encoding.PEM)
        made.key.touch(mode=0o600)
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        made.certificate.write_bytes(text)
        made.bundle.write_bytes(_trusted_here() + text)
        return made


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    # A build on this cloud may start a cloud of its own, whose bundle then holds both certificates:
    # by one name for both, OpenSSL would take the wrong one for the issuer.
    number = x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"local cloud {number:x}"[:64])])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _trusted_here() -> bytes:
    paths = ssl.get_default_verify_paths()
    for name in (os.environ.get("SSL_CERT_FILE"), paths.cafile, paths.openssl_cafile):
        if name and Path(name).is_file():
            return Path(name).read_bytes() + b"\n"
    return b""
