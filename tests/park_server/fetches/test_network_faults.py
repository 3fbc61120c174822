"""What went wrong on the way: one line for people, and whether it may pass."""

from __future__ import annotations

import errno
import socket
import ssl

import httpx2
import pytest

from park.errors import CannotSatisfy, ServiceUnreachable
from park_server.fetch_target import Target
from park_server.fetches.network_faults import Fault, fault_of, full_disk

TARGET = Target(
    url=httpx2.URL("https://ada:pw@e.org/film.dat?key=secret"), authorization="Bearer t"
)


def fault(error: httpx2.HTTPError | ssl.SSLError, cause: BaseException | None = None) -> Fault:
    error.__cause__ = cause
    found = fault_of(error, TARGET)
    said = f"{found.error} {found.error.hint}"
    assert "pw" not in said
    assert "secret" not in said
    assert "\n" not in said
    return found


def connecting(cause: BaseException) -> Fault:
    return fault(httpx2.ConnectError("failed"), cause)


def distrusted(code: int) -> Fault:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code, error.verify_message = code, "unsuitable purpose"
    return connecting(error)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (10, "has expired"),
        (18, "is self-signed"),
        (20, "from an issuer that is not trusted here"),
        (62, "is not one for e.org"),
        (26, "is not trusted: unsuitable purpose"),
    ],
)
def test_a_certificate_that_is_not_trusted_will_not_be_trusted_later(code: int, said: str) -> None:
    found = distrusted(code)
    assert not found.passes
    assert isinstance(found.error, CannotSatisfy)
    assert said in str(found.error)
    assert "SSL_CERT_FILE" in str(found.error.hint)


def test_a_name_that_nobody_knows_stays_unknown_and_one_that_nobody_tells_now_may_not() -> None:
    unknown = connecting(socket.gaierror(socket.EAI_NONAME, "not known"))
    assert (unknown.passes, "no host e.org is known" in str(unknown.error)) == (False, True)
    assert connecting(socket.gaierror(socket.EAI_AGAIN, "try again")).passes


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (connecting(ConnectionRefusedError()), "e.org:443 refuses connections"),
        (fault(httpx2.ConnectTimeout("")), "e.org:443 does not answer: time-out"),
        (fault(httpx2.ReadTimeout("")), "stalled: time-out"),
        (fault(httpx2.ConnectError("no route.")), "cannot connect to e.org:443: no route"),
        (fault(httpx2.ReadError("")), "was cut off: ReadError"),
    ],
)
def test_what_may_pass_says_what_happened_where(found: Fault, said: str) -> None:
    assert found.passes
    assert isinstance(found.error, ServiceUnreachable)
    assert said in str(found.error)


def test_a_server_that_speaks_no_tls_is_no_matter_of_time() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    found = fault(error)
    assert not found.passes
    assert str(found.error) == "no TLS with e.org:443: wrong version number"


def test_the_cause_is_found_inside_a_group() -> None:
    group = ExceptionGroup("both ways failed", [OSError("first"), ConnectionRefusedError()])
    assert "refuses connections" in str(connecting(group).error)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_the_size(number: int) -> None:
    error = full_disk(OSError(number, "full"), "https://e.org/x", 1_234_567)
    assert isinstance(error, CannotSatisfy)
    assert "no space left on the service for https://e.org/x (1,234,567 bytes)" in str(error)
    assert full_disk(OSError(errno.EIO, "broken"), "https://e.org/x", None) is None
