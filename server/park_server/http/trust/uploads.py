"""Who may upload what: working trees and releases, project by project."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from packaging.utils import NormalizedName, canonicalize_name
from starlette.requests import Request

from park.errors import NotPermitted
from park.model.pins import is_tree_version
from park_repo.index import Index
from park_server.http.auth import caller_of
from park_server.trust.identity import Caller
from park_server.trust.rights import Role

__all__ = ["permit_of", "require_release", "require_uploads"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def require_uploads(caller: Caller, sent: Iterable[_Named]) -> None:
    """Raise `NotPermitted` for the first of ``sent`` whose project ``caller`` may not upload."""
    for each in sent:
        project = canonicalize_name(each.name)
        if not caller.rights.may_upload(project):
            raise NotPermitted(
                f"{caller.user} may not upload {project} to this service",
                hint=f"`park versions {project}` lists what is there; a released version needs no"
                " upload: pip install one of these here",
            )


def permit_of(index: Index) -> Callable[[Request], Callable[[NormalizedName, str], None]]:
    """Return what looks whether whoever makes a request may publish a version of a project."""

    def for_request(request: Request) -> Callable[[NormalizedName, str], None]:
        caller = caller_of(request)

        def permit(project: NormalizedName, version: str) -> None:
            if not caller.rights.may_upload(project):
                raise NotPermitted(f"{caller.user} may not upload {project} to this service")
            if not is_tree_version(version):
                require_release(caller, project, _owners(index, project))

        return permit

    return for_request


def require_release(caller: Caller, project: str, owners: set[str]) -> None:
    """Raise `NotPermitted` where a release of ``project`` is for others: those who made earlier.

    A right that names the project, and whoever operates the service, are above that.
    """
    if not owners or caller.user in owners:
        return
    if caller.rights.names(project) or caller.rights.has(Role.OPERATE):
        return
    raise NotPermitted(
        f"{project} is released here by {', '.join(sorted(owners))}, and not by {caller.user}",
        hint=f"the role upload:{project} lets you release it, too; your working tree of it is"
        " yours: park install",
    )


def _owners(index: Index, project: NormalizedName) -> set[str]:
    """Return who released ``project`` here, or claimed its name."""
    owned = index.owned(project)
    released = {file.uploaded_by for file in index.project_files(project)}
    return released if owned is None else {*released, owned.owned_by}
