"""Where a fetch goes: the URL without secrets, and who may be sent the credentials."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2

from park.errors import CannotSatisfy, UsageError
from park.model.urls import DEFAULT_PORTS, without_credentials
from park.wire import FetchRequest

__all__ = [
    "BOUNCED",
    "MOST_REDIRECTS",
    "Target",
    "redirected",
    "shown",
    "target_of",
    "without_user_information",
]

MOST_REDIRECTS = 10

BOUNCED = "DPoP-Bounced"
"""The scheme of an authorization that is a grant's id and its service's URL: it is sent nowhere."""

_HIGHEST_PORT = 65_535

_LONGEST_LINE = 200

_UP_TO_HOST = re.compile(r"(//|^).*@")

_HEADER_VALUE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL to be asked; ``authorization`` is for its origin, and None elsewhere.

    ``passed`` are the URLs that led here by redirects. ``withheld`` is the origin that the
    credentials are for, where they are not sent here.
    """

    url: httpx2.URL
    authorization: str | None = field(default=None, repr=False)
    passed: tuple[httpx2.URL, ...] = ()
    withheld: str | None = None

    @property
    def shown(self) -> str:
        """The URL as it may be shown."""
        return shown(str(self.url))

    @property
    def place(self) -> str:
        """The URL without its query, in which signatures come and go."""
        return str(self.url.copy_with(query=None, fragment=None))


def without_user_information(request: FetchRequest) -> FetchRequest:
    """Return ``request`` with ``user:password@`` of its URL as basic authorization.

    It is called before a request is written anywhere. An ``authorization`` that is given
    has precedence. The node of a reference is returned as it is. Raises `UsageError` for
    what is no URL at all.
    """
    if not isinstance(request.url, str) or "@" not in request.url:
        return request
    try:
        parts = urlsplit(request.url)
    except ValueError:  # half an IPv6 address
        raise _no_url(request.url) from None
    information, at, host = parts.netloc.rpartition("@")
    if not at:
        return request
    url = urlunsplit(parts._replace(netloc=host))
    if request.authorization is not None or not information.strip(":"):
        return replace(request, url=url)
    user, _, password = information.partition(":")
    secret = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return replace(request, url=url, authorization=f"Basic {secret}", origin=None)


def target_of(request: FetchRequest) -> Target:
    """Return where ``request`` goes first; raises `UsageError` for what is not fetched."""
    request = without_user_information(request)
    url = _parsed(str(request.url))
    secret, origin = request.authorization, _origin(url)
    if secret is None:
        return Target(url=url)
    if not _HEADER_VALUE.fullmatch(secret):
        raise UsageError("the authorization of a fetch is no value of an HTTP header")
    meant = origin if request.origin is None else _origin(_parsed(request.origin))
    if meant != origin:
        return Target(url=url, withheld=meant)
    return Target(url=url, authorization=secret)


def redirected(target: Target, location: str) -> Target:
    """Return where ``location`` leads from ``target``.

    Credentials stay behind when the origin changes, and do not come back. Raises
    `CannotSatisfy` for a loop, for too many redirects, for one that gives up TLS, and for
    one to what is not fetched.
    """
    passed = (*target.passed, target.url)
    try:
        url = _parsed(str(target.url.join(location)))
    except (UsageError, httpx2.InvalidURL, ValueError) as error:
        raise CannotSatisfy(f"{target.shown} redirects to a place that is refused: {error}") from (
            error
        )
    if target.url.scheme == "https" and url.scheme == "http":
        raise CannotSatisfy(
            f"{target.shown} redirects to {shown(str(url))}, which is not encrypted",
            hint="fetch that URL itself if you trust the network between",
        )
    if len(passed) > MOST_REDIRECTS:
        raise _too_many((*passed, url))
    is_same = _origin(url) == _origin(target.url)
    withheld = None if is_same or target.authorization is None else _origin(target.url)
    return Target(
        url=url,
        authorization=target.authorization if is_same else None,
        passed=passed,
        withheld=withheld or target.withheld,
    )


def _too_many(urls: tuple[httpx2.URL, ...]) -> CannotSatisfy:
    """Return the error that shows the loop in ``urls``; a second visit alone is none.

    Pages that set a cookie first redirect to themselves.
    """
    last = urls[-1]
    before = [position for position, url in enumerate(urls[:-1]) if url == last]
    if before:
        return CannotSatisfy(f"a loop of redirects: {_way(urls[before[-1] :])}")
    return CannotSatisfy(f"more than {MOST_REDIRECTS} redirects: {_way(urls[:4])} -> …")


def shown(url: str) -> str:
    """Return ``url`` as it may be shown: no user information, and no query (a signature, say)."""
    parts = urlsplit(without_credentials(url))
    return urlunsplit(parts._replace(query="…" if parts.query else "", fragment=""))


def _parsed(text: str) -> httpx2.URL:
    """Return ``text`` as a URL that can be fetched; raises `UsageError`."""
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, TypeError, ValueError):
        raise _no_url(text) from None  # which may quote a part of a password
    if url.scheme not in DEFAULT_PORTS:
        what = f"{url.scheme}: is not fetched" if url.scheme else "it has no scheme"
        raise UsageError(
            f"cannot fetch {_cut(text)}: {what}", hint="a service fetches http: and https: URLs"
        )
    if not url.host or not 0 < (url.port or 1) <= _HIGHEST_PORT:
        raise _no_url(text)
    return url.copy_with(userinfo=b"", fragment=None)


def _no_url(text: str) -> UsageError:
    return UsageError(f"cannot fetch {_cut(text)}: it is no URL of a host")


def _origin(url: httpx2.URL) -> str:
    port = url.port or DEFAULT_PORTS[url.scheme]
    return f"{url.scheme}://{url.raw_host.decode('ascii').lower()}:{port}"


def _way(urls: tuple[httpx2.URL, ...]) -> str:
    return " -> ".join(shown(str(url)) for url in urls)


def _cut(text: str) -> str:
    """Return what may be no URL at all without what may be a password, and not too long."""
    whole = repr(_UP_TO_HOST.sub(r"\1…@", text))
    return whole if len(whole) <= _LONGEST_LINE else f"{whole[:_LONGEST_LINE]}…"
