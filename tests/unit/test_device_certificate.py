"""The certificate for HTTPS: made once, kept, and renewed only when it must be."""

from __future__ import annotations

import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from rtckit.device.certificate import data_folder, host_names, self_signed_certificate

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
NAMES = ["localhost", "127.0.0.1", "device.local", "fe80::1%eth0"]


def load(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_it_names_the_machine_and_is_for_servers(tmp_path: Path) -> None:
    cert_file, key_file = self_signed_certificate(NAMES, folder=tmp_path, now=NOW)
    certificate = load(cert_file)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "device.local"]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "fe80::1"]
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime <= datetime.timedelta(days=825)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)


def test_it_is_kept_so_that_trust_is_needed_once(tmp_path: Path) -> None:
    first = load(self_signed_certificate(NAMES, folder=tmp_path, now=NOW)[0])
    later = NOW + datetime.timedelta(days=700)
    again = load(self_signed_certificate(["192.0.2.9"], folder=tmp_path, now=later)[0])
    assert again == first


@pytest.mark.parametrize("days", [-30, 810, 2000])
def test_it_is_renewed_near_its_end(tmp_path: Path, days: int) -> None:
    first = load(self_signed_certificate(NAMES, folder=tmp_path, now=NOW)[0])
    then = NOW + datetime.timedelta(days=days)
    assert load(self_signed_certificate(NAMES, folder=tmp_path, now=then)[0]) != first


def test_it_is_renewed_for_an_address_that_it_must_have(tmp_path: Path) -> None:
    first = load(self_signed_certificate(NAMES, folder=tmp_path, now=NOW)[0])
    names = ["192.0.2.9", *NAMES]
    other = load(self_signed_certificate(names, ["192.0.2.9"], folder=tmp_path, now=NOW)[0])
    assert other != first


@pytest.mark.parametrize("damage", ["certificate.pem", "key.pem"])
def test_damaged_files_are_replaced(tmp_path: Path, damage: str) -> None:
    self_signed_certificate(NAMES, folder=tmp_path, now=NOW)
    (tmp_path / damage).write_text("rubbish")
    cert_file, key_file = self_signed_certificate(NAMES, folder=tmp_path, now=NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert data_folder() == Path("/data/rtckit/device")


def test_host_names_have_the_loopback_and_the_host_asked_for() -> None:
    names = host_names("192.0.2.77")
    assert names[0] == "192.0.2.77"
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert len(names) == len(set(names))
