"""An issuer of OpenID Connect that runs: discovery, the device flow, ID tokens that it signs."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

__all__ = ["OidcIssuer", "oidc_issuer"]


@dataclass
class OidcIssuer:
    """Where it is, and what it says; ``claims`` change those of the ID tokens (None: left out).

    A login waits until `approve`, or `deny`. ``signs_with`` is the key that it really signs
    with, ``errors`` are answered to the next questions for a token.
    """

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    signs_with: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    named: str | None = None
    logins: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str | None]] = field(default_factory=list)
    has_device_flow: bool = True

    def approve(self, user_code: str, subject: str, groups: list[str] | None = None) -> None:
        """Have ``subject`` say yes to the login with ``user_code``."""
        login = next(each for each in self.logins.values() if each["user_code"] == user_code)
        login["said"] = {"sub": subject, "groups": groups or []}

    def answer(
        self, method: str, path: str, form: dict[str, str], login: str | None
    ) -> tuple[int, Any]:
        """Return status and document of an answer."""
        self.asked.append((f"{method} {path}", form, login))
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._about()
            case "/keys":
                return 200, {"keys": [self.key.as_dict(private=False)]}
            case "/device":
                return 200, self._begun(form)
            case "/token":
                return self._token(form)
        return 404, {"error": "nothing here"}

    def _about(self) -> dict[str, Any]:
        device = {"device_authorization_endpoint": f"{self.url}/device"}
        return {
            "issuer": self.named or self.url,
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        } | (device if self.has_device_flow else {})

    def _begun(self, form: dict[str, str]) -> dict[str, Any]:
        code, user_code = secrets.token_hex(8), secrets.token_hex(4).upper()
        self.logins[code] = {"user_code": user_code, "form": form, "said": None}
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": f"{self.url}/activate",
            "expires_in": 600,
            "interval": 0.05,
        }

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        if self.errors:
            return 400, {"error": self.errors.pop(0)}
        login = self.logins.get(form["device_code"])
        if login is None:
            return 400, {"error": "expired_token"}
        if login["said"] is None:
            return 400, {"error": "authorization_pending"}
        return 200, {"access_token": "x", "id_token": self.id_token(login)}

    def id_token(self, login: dict[str, Any]) -> str:
        """Return what is signed of a login."""
        asked, now = login["form"], int(time.time())
        claims = {"iss": self.url, "aud": asked["client_id"], "nonce": asked["nonce"]}
        claims |= {"iat": now, "exp": now + 300, **login["said"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key)


@contextmanager
def oidc_issuer() -> Iterator[OidcIssuer]:
    """Run an issuer on a port of its own."""
    issuer = OidcIssuer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(text).items()})

        def _answer(self, form: dict[str, str]) -> None:
            login = self.headers.get("authorization")
            status, document = issuer.answer(self.command, self.path, form, login)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
