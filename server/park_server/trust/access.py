"""Who may ask what: each endpoint of a service, with the role and the classes of token it takes.

What is not in the table is closed. Whose the thing is that a path names is decided where it
is looked up: this is the first gate, and not the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

from park.errors import NotPermitted
from park.wire import API, Audience, TokenClass
from park_server.trust.rights import Rights, Role

__all__ = ["OPEN", "TABLE", "AccessTable", "Endpoint", "check_access"]

_USER, _JOB = TokenClass.USER, TokenClass.JOB
_GRANT, _INTERNAL = TokenClass.GRANT, TokenClass.INTERNAL
_BROWSER = TokenClass.BROWSER


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A method and the path of a route; ``needs`` is the role, None: any token at all.

    ``classes`` are those of the tokens that it takes, ``audience`` the part that it is of.
    What a grant may ask is besides what the grant names (`park_server.grants.scope`).
    """

    method: str
    path: str
    needs: Role | None
    classes: frozenset[TokenClass]
    audience: Audience


OPEN = frozenset(
    {
        ("GET", f"{API}/login"),
        ("POST", f"{API}/login"),
        ("POST", f"{API}/login/device"),
        ("POST", f"{API}/login/device/token"),
        ("POST", f"{API}/session"),
        ("GET", "/health"),
        ("GET", "/ready"),
    }
)
"""What is asked without a token: for one, and whether the service is there and can take work."""


_AT_ROOT = frozenset({"/metrics"})
"""Where whoever scrapes looks for it."""


def _of(
    needs: Role | None, classes: Iterable[TokenClass], *lines: str, audience: Audience | None = None
) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            method=method,
            path=path if audience is Audience.INDEX or path in _AT_ROOT else f"{API}{path}",
            needs=needs,
            classes=frozenset(classes),
            audience=audience or Audience.SERVICE,
        )
        for method, _, path in (line.partition(" ") for line in lines)
    )


_ABOUT_ONESELF = _of(
    None,
    (_USER, _JOB),
    "GET ",
    "GET /openapi.json",
    "GET /quota",
    "GET /whoami",
)

_OF_BROWSERS = _of(None, (), "DELETE /session")

_TOKENS = _of(
    None,
    (_USER,),
    "GET /tokens",
    "POST /tokens",
    "POST /tokens/refresh",
    "DELETE /tokens/{token}",
)

_QUERY = _of(
    Role.QUERY,
    (_USER, _JOB),
    "GET /approvals",
    "GET /areas",
    "GET /areas/folders/{path:path}",
    "GET /environments",
    "GET /environments/{prefix}",
    "GET /environments/{prefix}/differences/{other}/{project}",
    "GET /events",
    "GET /events/stream",
    "GET /fork-servers",
    "GET /graph",
    "GET /health",
    "GET /grants",
    "GET /grants/{grant}",
    "GET /index/projects",
    "GET /index/projects/{name}",
    "GET /index/projects/{name}/about",
    "GET /index/projects/{name}/shares",
    "GET /installs/{install}",
    "GET /jobs",
    "GET /jobs/{job}/call",
    "GET /jobs/{job}/explain",
    "GET /jobs/{job}/inputs/{sha256}",
    "GET /jobs/{job}/logs/{stream}",
    "GET /jobs/{job}/previews/{name:path}",
    "GET /jobs/{job}/progress",
    "GET /jobs/{job}/replay",
    "GET /jobs/{job}/traceback",
    "GET /jobs/{job}/why",
    "GET /locks/{lock_hash}",
    "GET /memo",
    "GET /memo/stats",
    "GET /now",
    "GET /offers",
    "GET /pools",
    "GET /queues",
    "GET /storage",
    "GET /versions",
    "GET /workflow",
    "GET /workflow/members",
)

_QUERY_BY_GRANT = _of(
    Role.QUERY,
    (_USER, _JOB, _GRANT),
    "GET /areas/files/{path:path}",
    "GET /jobs/{job}",
    "GET /jobs/{job}/files/{name:path}",
    "GET /jobs/{job}/result",
    "POST /follow",
)

_SUBMIT = _of(
    Role.SUBMIT,
    (_USER, _JOB),
    "DELETE /areas/files/{path:path}",
    "PUT /areas/files/{path:path}",
    "GET /files/{sha256}/present",
    "PUT /files/{sha256}",
    "POST /jobs",
    "POST /jobs/{job}/again",
    "PUT /jobs/{job}/pin",
    "DELETE /jobs/{job}/pin",
    "DELETE /jobs/{job}",
    "POST /grants",
    "DELETE /grants/{grant}",
    "DELETE /memo",
)

_SUBMIT_BY_GRANT = _of(
    Role.SUBMIT,
    (_USER, _JOB, _GRANT),
    "POST /jobs/{job}/cancel",
    "POST /jobs/{job}/stop",
)

_PASSES = _of(
    Role.SUBMIT,
    (_USER,),
    "POST /grants/{grant}/passes",
    "GET /passes/wanted",
    "PUT /passes/wanted/{wanted}",
)
"""What the agent of a user asks: no job answers for him."""

_HOLDING = _of(None, (_USER, _GRANT), "DELETE /grant", "PUT /grant")

_REALISE = _of(
    Role.REALISE,
    (_USER, _JOB),
    "POST /installs",
    "POST /environments/{prefix}/verify",
    "PUT /environments/{prefix}/pin",
    "DELETE /environments/{prefix}/pin",
    "DELETE /environments/{prefix}",
)

_UPLOAD = _of(
    Role.UPLOAD,
    (_USER,),
    "DELETE /index/projects/{name}/versions/{version}",
    "PUT /index/projects/{name}/shares/{whom}",
    "DELETE /index/projects/{name}/shares/{whom}",
)

_OPERATE = _of(
    Role.OPERATE,
    (_USER,),
    "POST /clean",
    "POST /approvals",
    "DELETE /approvals/{what}",
    "POST /offers",
    "DELETE /offers/{project}/{version}",
    "GET /usage",
    "PUT /index/projects/{name}/claim",
    "DELETE /index/projects/{name}/claim",
    "PUT /index/projects/{name}/status",
    "PUT /index/projects/{name}/versions/{version}/yank",
    "DELETE /index/projects/{name}/versions/{version}/yank",
)

_ADMIN = _of(
    Role.ADMIN,
    (_USER,),
    "GET /admin/users",
    "POST /admin/users",
    "DELETE /admin/users/{user}",
    "PUT /admin/users/{user}/password",
    "PUT /admin/users/{user}/roles",
    "POST /admin/users/{user}/revoke",
    "POST /admin/users/{user}/tokens",
    "POST /admin/rotate",
    "POST /admin/rotate/identity",
    "POST /admin/peers/revoke",
    "POST /admin/quarantine/{sha256}",
    "GET /admin/groups",
    "PUT /admin/groups/{group}/members/{user}",
    "DELETE /admin/groups/{group}/members/{user}",
    "GET /admin/tokens",
    "DELETE /admin/tokens/{token}",
    "GET /admin/policy",
    "POST /admin/policy/check",
    "POST /admin/policy/reload",
    "GET /admin/audit",
)

_OBSERVE = _of(Role.OBSERVE, (_USER,), "GET /metrics")

_INDEX_READ = _of(
    Role.QUERY,
    (_USER, _JOB, _INTERNAL),
    "GET /simple",
    "GET /simple/",
    "GET /simple/{project}",
    "GET /simple/{project}/",
    "GET /trees/simple",
    "GET /trees/simple/",
    "GET /trees/simple/{project}",
    "GET /trees/simple/{project}/",
    "GET /files/{sha256}/{filename}",
    "GET /files/upstream/{project}/{sha256}/{filename}",
    audience=Audience.INDEX,
)

_INDEX_UPLOAD = _of(Role.UPLOAD, (_USER,), "POST /legacy", "POST /legacy/", audience=Audience.INDEX)

_NODES = _of(
    None,
    (_INTERNAL,),
    "GET /node/order",
    "GET /node/machinery",
    "GET /node/wheels/{sha256}",
    "GET /node/inputs/{sha256}",
    "POST /node/claim",
    "POST /node/beat",
    "PUT /node/marks",
    "PUT /node/streams/{stream}",
    "POST /node/left",
    "PUT /node/files/{sha256}",
    "POST /node/end",
)
"""What a node asks that shares nothing with the service, for the one attempt of its token."""

_NOT_BY_BROWSERS = frozenset(
    {
        ("POST", f"{API}/tokens"),
        ("POST", f"{API}/tokens/refresh"),
        ("POST", f"{API}/grants"),
        ("POST", f"{API}/grants/{{grant}}/passes"),
        ("GET", f"{API}/passes/wanted"),
        ("PUT", f"{API}/passes/wanted/{{wanted}}"),
        ("POST", f"{API}/admin/rotate"),
        ("POST", f"{API}/admin/users/{{user}}/tokens"),
    }
)
"""What hands out a secret: one that a page has read outlives the session that it was read in."""


def _with_browsers(endpoint: Endpoint) -> Endpoint:
    """Return ``endpoint`` as it is; what a user's token opens, the page of the service opens."""
    is_open = endpoint in _OF_BROWSERS or (
        _USER in endpoint.classes
        and endpoint.audience is Audience.SERVICE
        and (endpoint.method, endpoint.path) not in _NOT_BY_BROWSERS
    )
    return replace(endpoint, classes=endpoint.classes | {_BROWSER}) if is_open else endpoint


_ALL = (
    *(_ABOUT_ONESELF + _TOKENS + _QUERY + _QUERY_BY_GRANT + _SUBMIT + _SUBMIT_BY_GRANT),
    *(_PASSES + _HOLDING + _REALISE + _UPLOAD + _OPERATE + _ADMIN + _INDEX_READ + _INDEX_UPLOAD),
    *(_OBSERVE + _OF_BROWSERS + _NODES),
)

TABLE: tuple[Endpoint, ...] = tuple(map(_with_browsers, _ALL))
"""Every route of the service but `OPEN`."""

_FOR_ANY_AUDIENCE = frozenset({("GET", f"{API}/whoami"), ("POST", f"{API}/tokens/refresh")})
"""What the holder of any user's token asks about that token itself."""


class AccessTable:
    """Finds the endpoint of a request; where two paths would do, the first in the table."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_method: dict[str, list[Endpoint]] = {}
        for each in endpoints:
            self._by_method.setdefault(each.method, []).append(each)

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[str]]:
        """One expression for each method: a look costs the same for the first and the last."""
        return {
            method: re.compile(
                "|".join(f"({_pattern(each.path)})" for each in endpoints), re.DOTALL
            )
            for method, endpoints in self._by_method.items()
        }

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        """Return what ``method`` asks for at ``path`` (decoded), None for what is closed."""
        method = "GET" if method == "HEAD" else method
        pattern = self._patterns.get(method)
        found = None if pattern is None else pattern.fullmatch(path)
        return None if found is None else self._by_method[method][int(found.lastindex or 1) - 1]

    def methods(self, path: str) -> list[str]:
        """Return the methods that something at ``path`` takes."""
        return [method for method in sorted(self._by_method) if self.endpoint(method, path)]


@cache
def _pattern(path: str) -> str:
    """Return what a path of a route stands for; a parameter is one segment, ``:path`` more."""
    parts = re.split(r"(\{[^}]*\})", path)
    return "".join(
        re.escape(part)
        if not part.startswith("{")
        else ".*"
        if part.endswith(":path}")
        else "[^/]+"
        for part in parts
    )


def check_access(
    endpoint: Endpoint, *, user: str, rights: Rights, kind: TokenClass, audience: Audience
) -> None:
    """Raise `NotPermitted` unless a token of ``kind`` with these ``rights`` opens ``endpoint``."""
    what = f"{endpoint.method} {endpoint.path}"
    if kind not in endpoint.classes:
        raise NotPermitted(
            f"a token of the class {kind} does not open {what}",
            hint="it takes one of the class " + " or ".join(sorted(endpoint.classes)),
        )
    is_for_any = (endpoint.method, endpoint.path) in _FOR_ANY_AUDIENCE
    if audience is not Audience.SERVICE and endpoint.audience is not audience and not is_for_any:
        raise NotPermitted(
            f"this token is for the {audience} of the service alone, and does not open {what}",
            hint="ask with a token for the whole service: park login",
        )
    if endpoint.needs is not None and not rights.has(endpoint.needs):
        raise NotPermitted(
            f"{user} may not {_DOING[endpoint.needs]}, or not with this token:"
            f" {what} needs the role {endpoint.needs}",
            hint=f"roles here: {_spelled(rights)}; those who administrate the service give others",
        )


_DOING = {
    Role.QUERY: "see what this service has",
    Role.SUBMIT: "run jobs on this service",
    Role.REALISE: "have environments made on this service",
    Role.UPLOAD: "upload to this service",
    Role.OPERATE: "operate this service",
    Role.ADMIN: "administrate this service",
    Role.OBSERVE: "read the metrics of this service",
}


def _spelled(rights: Rights) -> str:
    return ", ".join(rights.spelled()) or "none"
