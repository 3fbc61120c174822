"""The yardstick of the index: the same bytes from memory, by the same server, and no more.

Run as a process of its own: ``python -m benchmarks.yardsticks.index_static FOLDER`` serves each
file below FOLDER at its path, ``<path>/index`` at ``<path>/``, and prints its port.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import uvicorn

_JSON = b"application/vnd.pypi.simple.v1+json"


class Static:
    """An ASGI application over bytes in memory."""

    def __init__(self, folder: Path) -> None:
        files = (path for path in folder.rglob("*") if path.is_file())
        self._bodies = {
            f"/{path.relative_to(folder).as_posix().removesuffix('index')}": path.read_bytes()
            for path in files
        }

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Send the bytes of the path, or 404."""
        if scope["type"] != "http":
            return
        body = self._bodies.get(scope["path"])
        kind = _JSON if scope["path"].endswith("/") else b"application/octet-stream"
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body or b""))]
        status = 404 if body is None else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body or b""})


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    config = uvicorn.Config(
        Static(Path(sys.argv[1])),
        port=0,
        log_level="warning",
        access_log=False,
        lifespan="off",
        loop="uvloop",
    )
    _Server(config).run()
