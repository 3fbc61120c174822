"""What an accepted distribution file says about itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from park_repo.checks.filenames import DistributionName

__all__ = ["MAX_METADATA_BYTES", "FileFacts"]

MAX_METADATA_BYTES = 16 << 20
"""METADATA is read into memory and served; a long README is some 100 kB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """The facts of a checked wheel or sdist."""

    name: DistributionName
    requires_python: str | None
    metadata: bytes | None
    """METADATA as it can be served (PEP 658); an sdist has none."""

    @property
    def version(self) -> str:
        """The version, normalised (PEP 440)."""
        return str(self.name.version)

    @property
    def metadata_sha256(self) -> str | None:
        """SHA-256 in hex of METADATA."""
        return None if self.metadata is None else hashlib.sha256(self.metadata).hexdigest()
