"""A real HTTP server for one file at a path, which misbehaves as it is told."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Authority", "FileServer", "Served", "file_server"]

LAST_MODIFIED = formatdate(1_700_000_000, usegmt=True)


@dataclass(kw_only=True)
class Served:
    """What is at a path.

    ``first`` are answers (status, headers) that come before anything else, one by one.
    ``cuts``: after so many bytes of the body the connection is reset, once for each.
    ``declared`` is the Content-Length, where that is a lie; None: the length; -1: none is sent.
    ``held`` stops the body after ``cuts[0]`` bytes until it is set. ``opens`` is the one
    Authorization that is let in.
    """

    content: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    disposition: str | None = None
    encoding: str | None = None
    ranges: bool = True
    heeds_if_range: bool = True
    first: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    declared: int | None = None
    held: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    opens: str | None = None
    one_range: int | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that came."""

    path: str
    headers: dict[str, str]


class FileServer:
    """The server: files by path, and the requests that came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, Served] = {}
        self.seen: list[Seen] = []

    def serve(self, path: str, served: Served) -> str:
        """Put a file at ``path``; return its URL."""
        self.files[path.partition("?")[0]] = served
        return self.url + path


@contextmanager
def file_server(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[FileServer]:
    """Run a server on a free port of the loopback, with TLS where a ``context`` is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    lab = FileServer(f"{scheme}://{host}:{server.server_address[1]}")
    _Handler.labs[server.server_address[1]] = lab
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield lab
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    labs: dict[int, FileServer] = {}  # noqa: RUF012 (shared on purpose)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its interface)
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def do_GET(self) -> None:
        lab = self.labs[self.server.server_address[1]]  # type: ignore[index]
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        lab.seen.append(Seen(path=self.path, headers=headers))
        served = lab.files.get(path)
        if served is None:
            self._plain(404, {})
        elif served.first:
            self._plain(*served.first.pop(0))
        elif served.opens is not None and headers.get("authorization") != served.opens:
            self._plain(401, {"WWW-Authenticate": "Basic"})
        elif _is_unchanged(served, headers):
            self._plain(304, {})
        else:
            self._send(served, headers)

    def _plain(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, served: Served, headers: dict[str, str]) -> None:
        start, body, size = 0, served.content, len(served.content)
        asked = headers.get("range") if served.ranges else None
        if asked and _range_holds(served, headers):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= size:
                self._plain(416, {"Content-Range": f"bytes */{size}"})
                return
            end = size if served.one_range is None else min(start + served.one_range, size)
            body = body[start:end]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{size}")
        else:
            self.send_response(200)
        given = {
            "ETag": served.etag,
            "Last-Modified": served.last_modified,
            "Content-Disposition": served.disposition,
            "Content-Encoding": served.encoding,
        }
        for name, value in given.items():
            if value is not None:
                self.send_header(name, value)
        declared = len(body) if served.declared is None else served.declared
        if declared >= 0:
            self.send_header("Content-Length", str(declared))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self._write(served, body)

    def _write(self, served: Served, body: bytes) -> None:
        if not served.cuts:
            self.wfile.write(body)
            return
        cut = served.cuts[0] if served.held is not None else served.cuts.pop(0)
        self.wfile.write(body[:cut])
        self.wfile.flush()
        served.reached.set()
        if served.held is not None:
            served.held.wait(LIMIT_S)
            self.wfile.write(body[cut:])
            return
        self._reset()

    def _reset(self) -> None:
        """Cut the connection off; what was sent arrives first."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
        self.connection.shutdown(socket.SHUT_WR)
        self.close_connection = True


def _is_unchanged(served: Served, headers: dict[str, str]) -> bool:
    asked = headers.get("if-none-match")
    if asked is not None:
        return served.etag is not None and asked.removeprefix("W/") == served.etag.removeprefix(
            "W/"
        )
    modified = headers.get("if-modified-since")
    return modified is not None and modified == served.last_modified


def _range_holds(served: Served, headers: dict[str, str]) -> bool:
    condition = headers.get("if-range")
    return condition in {served.etag, served.last_modified} or not served.heeds_if_range


class CertificateFiles(NamedTuple):
    """A certificate and its key, each in PEM."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority of our own, and certificates from it."""

    def __init__(self, folder: Path, name: str = "Test Authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(self._name, self._key, is_authority=True)
        self.path = folder / f"{name}.pem".replace(" ", "-")
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(
        self, host: str = "127.0.0.1", *, expired: bool = False, self_signed: bool = False
    ) -> ssl.SSLContext:
        """Return the TLS settings of a server that says it is ``host``."""
        files = self.files(host, expired=expired, self_signed=self_signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return context

    def files(
        self, host: str, *, expired: bool = False, self_signed: bool = False
    ) -> CertificateFiles:
        """Return a new certificate of ``host``, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._signed(subject, key, host, expired=expired, self_signed=self_signed)
        name = f"{host}-{expired}-{self_signed}"
        files = CertificateFiles(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        host: str | None = None,
        *,
        is_authority: bool = False,
        expired: bool = False,
        self_signed: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        day = timedelta(days=1)
        issuer_key = key if self_signed else self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * day)
            .not_valid_after(now - day if expired else now + day)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not self_signed:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
        if is_authority:
            builder = builder.add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            ).add_extension(_signs(), critical=True)
        if host is not None:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(host)]), critical=False
            )
        return builder.sign(issuer_key, hashes.SHA256())


def _signs() -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
