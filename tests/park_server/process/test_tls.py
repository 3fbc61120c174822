"""The certificate of a service, and what is wrong with one."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.stand_ins.file_server import Authority

from park.errors import UsageError
from park_server.process.tls import renew, server_context


def test_a_certificate_and_its_key_may_be_in_one_file_or_two(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    both = tmp_path / "both.pem"
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    for context in (server_context(both), server_context(files.certificate, files.key)):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_renewal_that_is_wrong_changes_nothing(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    context = server_context(files.certificate, files.key)
    files.certificate.write_text("nothing")
    with pytest.raises(UsageError, match="no TLS with"):
        renew(context, files.certificate, files.key)


def test_what_is_wrong_is_said_with_the_file(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    other = Authority(tmp_path).files("other.example")
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(UsageError, match="the key is that of another certificate") as caught:
        server_context(files.certificate, other.key)
    assert "PEM" in str(caught.value.hint)
    told = r"no TLS with .*empty\.pem: what is there is no certificate, or no key"
    for certificate, key in ((empty, None), (files.certificate, empty)):
        with pytest.raises(UsageError, match=told):
            server_context(certificate, key)
    with pytest.raises(UsageError, match=r"cannot read .*none\.pem: No such file"):
        server_context(tmp_path / "none.pem")


def test_nobody_is_asked_for_the_password_of_a_key(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(UsageError, match="is encrypted") as caught:
        server_context(files.certificate, locked)
    assert "openssl pkey" in str(caught.value.hint)
