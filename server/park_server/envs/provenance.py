"""Where the artifacts of a lock come from: the service's index, or a tree that its user sent.

A resolver follows every URL that metadata name, in whatever field, marker or extra, and with
the service's place in the network. So the metadata of trees are looked at before it sees them
(the index looks at all others), and its answer after: what is from elsewhere is no lock.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, PackageArchive, PackageWheel, Pylock

from park.errors import ResolutionFailed
from park.local.direct_references import references_in_metadata
from park.model.pins import Pin
from park.model.urls import without_credentials

__all__ = ["require_names_alone", "require_provenance"]


def require_names_alone(trees: Mapping[Pin, Path]) -> None:
    """Raise `ResolutionFailed` where the wheel of a tree requires a project by its URL."""
    for pin, path in sorted(trees.items()):
        if found := references_in_metadata(_metadata(path)):
            raise ResolutionFailed(
                f"the wheel of {pin} requires {found[0]!r}: a service follows no URL of a"
                " user's metadata, and looks projects up by name alone",
                hint="build and send it with this version of park, which writes the names",
                details={"references": list(found)},
            )


def require_provenance(document: Pylock, *, index_url: str, trees: Mapping[Pin, Path]) -> Pylock:
    """Return ``document``; raises `ResolutionFailed` for an artifact from anywhere else.

    It may be of the host of ``index_url``, or the file of a tree for the project of that tree.
    """
    own = urlsplit(without_credentials(index_url))
    files = {pin.name: path.absolute() for pin, path in trees.items()}
    for package in document.packages:
        places = list(_places(package))
        for place in places:
            parts, file = urlsplit(place), _local(place)
            of_index = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
            of_tree = file is not None and file == files.get(package.name)
            if not of_index and not of_tree:
                raise _stranger(package, place)
        if not places:
            raise _stranger(package, "a repository or a folder")
    return document


def _places(package: Package) -> Iterator[str]:
    """Yield where each artifact is; nothing for what is neither a file nor behind a URL."""
    artifacts: Iterable[PackageWheel | PackageArchive | None] = [
        *(package.wheels or ()),
        package.archive,
    ]
    if package.vcs is not None or package.directory is not None:
        return
    for artifact in artifacts:
        if artifact is not None:
            yield artifact.url or artifact.path or ""
    if package.sdist is not None:
        yield package.sdist.url or package.sdist.path or ""


def _local(place: str) -> Path | None:
    """Return the file that a path or a ``file:`` URL names, None for any other URL."""
    parts = urlsplit(place)
    if parts.scheme not in {"", "file"} or parts.netloc:
        return None
    return Path(unquote(parts.path) if parts.scheme else place)


def _stranger(package: Package, place: str) -> ResolutionFailed:
    return ResolutionFailed(
        f"the resolver took {package.name} from {without_credentials(place)};"
        " expected files of the service's index, or wheels of the user's own trees",
        hint="require the project by its name, without a URL, in whatever requires it",
    )


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name)
