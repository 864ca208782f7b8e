"""A self-signed certificate for HTTPS, kept on disk, so that a browser needs to trust it once."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import ifaddr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["data_folder", "host_names", "self_signed_certificate"]

# Apple's systems refuse TLS server certificates valid for more than 825 days.
_VALIDITY = datetime.timedelta(days=820)
_RENEW_BEFORE_END = datetime.timedelta(days=14)


def data_folder() -> Path:
    """Where this user's device keeps its certificate."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "rtckit" / "device"


def host_names(host: str = "") -> list[str]:
    """The names and addresses under which a browser may reach this machine."""
    name = socket.gethostname().split(".")[0] or "localhost"
    names = ["localhost", "127.0.0.1", "::1", name, f"{name}.local"]
    names.extend(
        entry.ip if isinstance(entry.ip, str) else entry.ip[0]
        for adapter in ifaddr.get_adapters()
        for entry in adapter.ips
    )
    if host not in ("", "0.0.0.0", "::"):
        names.insert(0, host)
    return list(dict.fromkeys(names))


def self_signed_certificate(
    names: Iterable[str],
    required: Iterable[str] = ("localhost",),
    *,
    folder: Path | None = None,
    now: datetime.datetime | None = None,
) -> tuple[Path, Path]:
    """The files of the certificate and its key; made if there is none that will do.

    :param names: host names and IP addresses for a new certificate's subjectAltName.
    :param required: those without which a kept certificate will not do. Addresses come and go, and
        each new certificate must be trusted anew, so not all ``names`` are required.
    :param folder: where to keep them; :func:`data_folder` if not given.
    """
    folder = folder or data_folder()
    now = now or datetime.datetime.now(datetime.UTC)
    cert_file, key_file = folder / "certificate.pem", folder / "key.pem"
    if not _will_do(cert_file, key_file, set(required), now):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(cert_file, key_file, list(names), now)
    return cert_file, key_file


def _will_do(cert_file: Path, key_file: Path, required: set[str], now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    covered = {str(entry.value) for entry in names}
    return (
        key.public_key() == certificate.public_key()
        and required <= covered
        and certificate.not_valid_before_utc <= now
        and now + _RENEW_BEFORE_END < certificate.not_valid_after_utc
    )


def _make(cert_file: Path, key_file: Path, names: list[str], now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = f"{names[0][:40]} (RTCKit device)"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key_file.unlink(missing_ok=True)
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.split("%")[0]))
    except ValueError:
        return x509.DNSName(name)
