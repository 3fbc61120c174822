"""The lock hash: what a PEP 751 document selects for one interpreter, and nothing else.

Never a hash over the file's bytes: pip and uv write different bytes for the same set, and
the URLs inside carry host names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

from packaging.utils import NormalizedName

__all__ = ["LockHash", "SelectedWheel", "Target", "lock_hash"]

LockHash = NewType("LockHash", str)
"""SHA-256 in hex over a lock's selection; it names the environment."""

_LOCK_HASH_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The interpreter that a lock selects for.

    ``python`` is the minor (``"3.11"``), ``abi`` the first ABI tag (``"cp311"``),
    ``platform`` what `sysconfig.get_platform` says (``"linux-x86_64"``).
    """

    python: str
    abi: str
    platform: str


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class SelectedWheel:
    """One wheel that a lock selects; ``sha256`` in hex, of the wheel file."""

    name: NormalizedName
    version: str
    sha256: str


def lock_hash(target: Target, wheels: Iterable[SelectedWheel]) -> LockHash:
    """Return the lock hash of ``wheels`` selected for ``target``; their order is of no matter."""
    document = {
        "format": _LOCK_HASH_FORMAT,
        "python": target.python,
        "abi": target.abi,
        "platform": target.platform,
        "packages": [[wheel.name, wheel.version, wheel.sha256] for wheel in sorted(wheels)],
    }
    canonical = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return LockHash(hashlib.sha256(canonical.encode()).hexdigest())
