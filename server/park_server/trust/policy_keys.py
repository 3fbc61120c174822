"""What a policy file may say: its tables, their keys, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["LIMIT_KEYS", "POLICY_KEYS"]

_ROLES = "roles, a list: `query`, `submit`, `realise`, `upload`, `upload:PROJECT`, `operate`, …"
_LIMITS = "a table of limits, see below"

POLICY_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "everybody": {"roles": _ROLES, "limits": f"{_LIMITS}: of each user"},
        "groups": {
            "members": "names of users, a list",
            "roles": _ROLES,
            "limits": f"{_LIMITS}: of each member",
            "together": f"{_LIMITS}: of all members in sum (disk, waiting, running, cores)",
        },
        "users": {
            "roles": _ROLES,
            "limits": _LIMITS,
            "account": "the account of this machine as which his jobs run",
        },
        "installs": {"approved": '`"only"`: users have what was approved, and nothing else'},
        "jobs": {
            "network": '`"all"`, `"loopback"` or `"none"`; loopback for all but the operator',
            "tmp": '`"private"` or `"shared"`; private for all but the operator',
            "processes": '`"own"` or `"all"`: those that jobs see; own for all but the operator',
            "imports": '`"ahead"` of jobs, or by `"each"`; each for users who have no account',
            "accounts": '`"numbers"`, or `"same"`: the account that has the user\'s name',
        },
        "grants": {
            "unbound": "`true`: grants for services that sign nothing are made; `false`",
            "shipped": "`false`: nobody else holds what opens this service; `true`",
            "leaves": "how many a grant may follow at a time; 20000",
            "requests": "in a minute; 6000",
            "megabytes": "read with a grant in all, in millions of bytes; 1000000",
        },
        "login": {
            "issuer": "the URL of the issuer of OpenID Connect",
            "client": "the name of this service there",
            "secret_file": "a file below the home with the client's secret, mode 0600",
            "scope": '`"openid"`: what is asked for',
            "groups_claim": '`"groups"`: the claim in which the issuer tells them',
            "users": "a table: the subject there, and the user here",
            "groups": "a table: the group there, and the user here",
        },
        "audit": {
            "keep": '`"400d"`, 90 days at least: logins, tokens and shares of users; the rest stays'
        },
        "log": {"level": '`"debug"`, `"info"`, `"warning"` or `"error"`'},
    }
)
"""The keys of each table; those of `groups` and `users` are in a table for each name."""

LIMIT_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "disk": "bytes of what he sent and asked for, keeps, and was left by his jobs: `20 GB`",
        "waiting": "jobs that are accepted and do not run",
        "running": "jobs that run",
        "cores": "of the jobs that run",
        "requests": "HTTP requests a second, five seconds' worth at once",
        "batch": "jobs in one request; 1000",
        "share": "of the slots, where others wait; 1",
    }
)
"""The keys of a table of limits; each is a number, or `none`."""
