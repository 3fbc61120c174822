"""Files of jobs in the user's cache: fetched once, and named by what is in them."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from park.atomic import appearing
from park.build.cache import user_cache
from park.client.access.transport import Transport
from park.digests import file_sha256
from park.errors import ServiceFault

__all__ = ["cached_file"]


def cached_file(transport: Transport, route: str, *, sha256: str, name: str) -> Path:
    """Return the path of a local copy, read-only, of what ``route`` answers with.

    Raises `ServiceFault` where its content is not that of ``sha256`` (in hex).
    """
    folder = user_cache().files / sha256
    path = folder / name
    with suppress(OSError):
        os.utime(path)  # what is used is not evicted
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with appearing(path, beside=folder / f".{secrets.token_hex(8)}") as beside:
        transport.download(route, beside)
        found = file_sha256(beside)
        if found != sha256:
            raise ServiceFault(f"{route}: expected content with SHA-256 {sha256}, got {found}")
        beside.chmod(0o444)
    return path
