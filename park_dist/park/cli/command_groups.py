"""The commands of ``park``, in groups by what one wants, the common ones first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["COMMANDS", "EXTENSIONS", "GROUPS", "Group", "grouped_help"]


class Group(NamedTuple):
    """Commands for one thing that people want: ``title``, and each command with its help.

    No dataclass: to import those takes as long as all of the command line's own start.
    """

    title: str
    commands: Mapping[str, str]


GROUPS: Sequence[Group] = (
    Group(
        title="run",
        commands={
            "run": "submit a job, follow it, and print its result",
            "fit": "fit a model script of bumps, refl1d or sasmodels on a service",
            "submit": "submit a job and print its id",
            "install": "build the local package, upload it, and make its environment there",
            "plan": "say what a script would run and install where, without doing it",
        },
    ),
    Group(
        title="see",
        commands={
            "jobs": "list your jobs",
            "status": "show the state of a job",
            "why": "say why a job is not running, or why it failed or was cancelled",
            "explain": "say why a job ran, or why it did not have to",
            "watch": "follow a workflow to its end, or all of yours on a service (--all)",
            "graph": "show a workflow: as a tree of text, as a picture, or for Graphviz",
            "logs": "print what a job wrote to stdout and stderr",
            "result": "wait for a job and print its result",
            "get": "fetch a file that a job left",
            "debug": "make a job's call here, in its environment, and open pdb where it fails",
            "export": "write a job, with all that it takes to run it again, into one file",
            "reproduce": "run the jobs of such a file again, here or on a service, and compare",
        },
    ),
    Group(
        title="stop, keep and remove",
        commands={
            "cancel": "cancel a job",
            "pin": "keep jobs, with results, logs and files, whatever the service's policy",
            "unpin": "let pinned jobs go like any other",
            "memo": "list, count and forget what the service remembers of your calls",
            "rm": "remove jobs that have ended, with their results, logs and files",
        },
    ),
    Group(
        title="environments and packages",
        commands={
            "versions": "list the versions that the service has, and how each differs from here",
            "env": "list, compare, verify, keep and remove the environments of the service",
            "build": "build the local package's wheel, and say what is in it; needs no service",
            "lock": "print what is installed here for a package as a lock (PEP 751)",
            "publish": "build, check and upload a release (needs park-dist[publish])",
            "bundle": "write the local package and all that it needs into one file",
        },
    ),
    Group(
        title="files",
        commands={"files": "list, send, fetch and remove the files that you keep on the service"},
    ),
    Group(
        title="services",
        commands={
            "init": "begin: find a service, try it, and give it a name",
            "service": "name the services that you use",
            "queues": "show the engines of a service, their partitions, and how busy they are",
            "usage": "show what you have on a service, and how much you may have",
            "share": "let others run jobs in the environments of your working trees",
            "token": "list, make and revoke your tokens on a service",
            "grants": "list and revoke what you lent of a service to other services",
            "login": "log in to a service, once for all sessions of yours on this machine",
            "logout": "log out of a service, and have the token revoked",
            "agent": "list, lock, unlock and stop what holds your logins",
            "doctor": "check this Python, the configuration, the service, versions and clock",
            "completion": "print the completion of a shell: bash, zsh or fish",
        },
    ),
    Group(
        title="operate",
        commands={
            "serve": "run a service here (needs park-dist[server])",
            "admin": "users and policy; keep projects ready, see what a service takes, clean",
            "index": "list what the index of a service holds; claim, yank and remove",
        },
    ),
)

COMMANDS: Mapping[str, str] = {
    name: text for group in GROUPS for name, text in group.commands.items()
}
"""The help of each command."""

EXTENSIONS = frozenset({"serve"})
"""Commands that another package of the distribution provides by entry point."""


def grouped_help(groups: Iterable[Group] = GROUPS) -> str:
    """Return the commands as lines, a paragraph a group; `fitted` has them fit the terminal."""
    groups = list(groups)
    width = max(len(name) for group in groups for name in group.commands)
    return "\n\n".join("\n".join(_lines(group, width)) for group in groups)


def _lines(group: Group, width: int) -> Iterable[str]:
    yield f"{group.title}:"
    for name, text in group.commands.items():
        yield f"  {name:<{width}}  {text}"
