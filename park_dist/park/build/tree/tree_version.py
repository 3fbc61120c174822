"""The version of a tree: what it declares, and a hash of all that its wheel depends on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NewType

from packaging.version import InvalidVersion, Version

from park.errors import LocalSetError
from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from park.model.pins import Pin

__all__ = ["TreeHash", "declared_part", "tree_hash", "with_tree_hash"]

TreeHash = NewType("TreeHash", str)
"""SHA-256 in hex over a tree's files and the versions of its build requirements."""

_TREE_HASH_FORMAT = 1
_SHOWN_DIGITS = 16


def tree_hash(
    *,
    content_hash: str,
    python: str,
    build_lock: Iterable[Pin],
    variables: Mapping[str, str] | None = None,
) -> TreeHash:
    """Return the hash that names what one build makes.

    ``content_hash`` is that of the snapshot, ``python`` the minor that runs the backend (a
    ``setup.py`` may ask for it), ``build_lock`` every project in the build environment,
    ``variables`` the environment variables that reach a compiler.
    The platform is left out: a tree has one version on all machines, and a wheel that
    differs between platforms differs in its tags, so in its file name.
    """
    document: dict[str, Any] = {
        "format": _TREE_HASH_FORMAT,
        "content": content_hash,
        "python": python,
        "build": [[pin.name, pin.version] for pin in sorted(build_lock)],
    }
    if variables:
        document["variables"] = dict(variables)
    canonical = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return TreeHash(hashlib.sha256(canonical.encode()).hexdigest())


def declared_part(version: str) -> str:
    """Return ``version`` without the hash of a tree, where it has one.

    >>> declared_part("1.4.2+t0123456789abcdef"), declared_part("1.0+g12.t0123456789abcdef")
    ('1.4.2', '1.0+g12')
    """
    return version[: -_SHOWN_DIGITS - 2] if is_tree_version(version) else version


def with_tree_hash(declared: str, tree: TreeHash) -> str:
    """Return the version of a tree that declares ``declared``, as PEP 440 normalises it.

    Raises `LocalSetError` if that is no PEP 440 version.

    >>> with_tree_hash("1.4.2", TreeHash("3f" * 32))
    '1.4.2+t3f3f3f3f3f3f3f3f'
    >>> with_tree_hash("1.0+g12", TreeHash("3f" * 32))
    '1.0+g12.t3f3f3f3f3f3f3f3f'
    """
    try:
        version = Version(declared)
    except InvalidVersion:
        raise LocalSetError(
            f"the version {declared!r} is not one that PEP 440 allows",
            hint="declare a version such as 1.4.2",
        ) from None
    separator = "." if version.local else "+"
    return f"{version}{separator}t{tree[:_SHOWN_DIGITS]}"
