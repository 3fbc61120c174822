#!/usr/bin/env python3
"""The first step on a node that shares nothing with its service: bring the rest, and become it.

``bootstrap.py URL STORE``, with the token of one attempt in ``PARK_NODE_TOKEN``. This file is all
that the node has at first, and the standard library of any Python from 3.8 on runs it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

UNREACHABLE = 69
"""The exit status of a node that does not get through to its service (EX_UNAVAILABLE)."""

TOKEN = "PARK_NODE_TOKEN"  # noqa: S105 (the name of a variable)
PATIENCE = "PARK_NODE_PATIENCE_S"
"""Names how long a node tries to reach its service before a job has begun."""

_USUAL_PATIENCE_S = "60"
_TIMEOUT_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_CHUNK = 1 << 20
NO_ROOM = 507
"""What HTTP answers where there is no room for what was sent (RFC 4918, section 11.5)."""

_LATER = frozenset({408, 429, 500, 502, 503, 504, NO_ROOM})
"""Answers of HTTP that may be others in a while."""


class Unreachable(Exception):
    """The service did not answer for as long as the node had patience; one line."""


class Refused(Exception):
    """The service answered, and will not; one line. ``status`` is that of HTTP."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Link:
    """HTTP to the service, with the token of one attempt. What is cut off is taken up again."""

    def __init__(self, url: str, token: str, patience_s: float) -> None:
        self._base = url.rstrip("/") + "/api/v1/node/"
        self._token = token
        self.patience_s = patience_s

    @classmethod
    def from_environ(cls, url: str) -> Link:
        """Return the link of this process, whose variables say the rest."""
        patience_s = float(os.environ.get(PATIENCE, _USUAL_PATIENCE_S))
        return cls(url, os.environ.get(TOKEN, ""), patience_s)

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Ask, and return the JSON of the answer; None: of an empty one."""
        data = None if body is None else json.dumps(body).encode()
        text = self.send(method, path, data, "application/json")
        return json.loads(text) if text else None

    def send(
        self, method: str, path: str, data: bytes | None, kind: str = "application/octet-stream"
    ) -> bytes:
        """Ask until there is an answer; raises `Unreachable` and `Refused`."""
        return self._sent(method, path, data, kind, _LATER)

    def send_if_there_is_room(self, path: str, data: bytes) -> bytes:
        """Put ``data`` as `send` does, but where there is no room raise `Refused` at once."""
        return self._sent("PUT", path, data, "application/octet-stream", _LATER - {NO_ROOM})

    def _sent(
        self, method: str, path: str, data: bytes | None, kind: str, later: frozenset[int]
    ) -> bytes:
        patience = _Patience(self._base, self.patience_s)
        while True:
            try:
                with self._open(method, path, data, {"Content-Type": kind}, later) as answer:
                    return bytes(answer.read())
            except (OSError, http.client.HTTPException) as error:
                patience.wait(error)

    def download(self, path: str, target: Path, sha256: str) -> None:
        """Bring a file to ``target``, from where an earlier try was cut off; its digest is seen to.

        Raises `Unreachable`, `Refused`, and `ValueError` for what is not the file.
        """
        patience = _Patience(self._base, self.patience_s)
        partial = target.with_name(f"{target.name}.partial")
        while True:
            try:
                self._continue(path, partial)
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                patience.wait(error)
            except http.client.HTTPException as error:
                patience.wait(error)
        found = digest_of(partial)
        if found != sha256:
            partial.unlink()
            raise ValueError(f"{path} came with the SHA-256 {found}, expected {sha256}")
        partial.replace(target)

    def _continue(self, path: str, partial: Path) -> None:
        have = partial.stat().st_size if partial.exists() else 0
        try:
            answer = self._open("GET", path, None, {"Range": f"bytes={have}-"} if have else {})
        except Refused as error:
            if have and error.status == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # all of it was here; its digest tells
            raise
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        with answer, partial.open("ab" if goes_on else "wb") as file:
            shutil.copyfileobj(answer, file, _CHUNK)
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)

    def _open(
        self,
        method: str,
        path: str,
        data: bytes | None,
        headers: dict[str, str],
        later: frozenset[int] = _LATER,
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 (the operator's own URL)
            self._base + path,
            data=data,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", **headers},
        )
        try:
            return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                if error.code in later:
                    raise ConnectionError(_detail(error)) from error
                raise Refused(error.code, _detail(error)) from error


class _Patience:
    """Waits between tries, longer each time, until there was enough of that."""

    def __init__(self, whom: str, patience_s: float) -> None:
        self._whom = whom
        self._deadline = time.monotonic() + patience_s
        self._pause = _FIRST_PAUSE_S

    def wait(self, error: Exception) -> None:
        """Wait for a while after ``error``; raises `Unreachable` where that is too long."""
        if time.monotonic() + self._pause > self._deadline:
            raise Unreachable(f"no answer from {self._whom}: {error}") from error
        time.sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 (nodes ask one by one)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"HTTP {error.code}"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def machinery(link: Link, store: Path, sha256: str) -> Path:
    """Return the folder of the machinery, which comes from the service unless it is here."""
    top = store / "machinery"
    final = top / sha256
    if final.is_dir():
        return final
    top.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".new-", dir=str(top)))
    try:
        link.download("machinery", building / "archive", sha256)
        with zipfile.ZipFile(str(building / "archive")) as file:
            file.extractall(str(building / "inside"))
        try:
            (building / "inside").rename(final)
        except OSError:
            if not final.is_dir():  # else somebody else on this node was faster
                raise
    finally:
        shutil.rmtree(str(building), ignore_errors=True)
    return final


def interpreter(minor: str) -> str:
    """Return a Python of this node that runs the machinery: that of the job, if it is on PATH."""
    for path in filter(None, map(shutil.which, (f"python{minor}", "python3"))):
        test = [path, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(test, capture_output=True, check=False).returncode == 0:
            return path
    raise ValueError(f"there is no Python {minor} on the PATH of this node")


def main() -> None:
    """Become the program of the node; say in one line why that cannot be."""
    url, store = sys.argv[1], Path(sys.argv[2])
    link = Link.from_environ(url)
    try:
        order = link.json("GET", "order")
        folder = machinery(link, store, order["machinery"])
        python = interpreter(order["python"])
    except (Unreachable, Refused) as error:
        leave(UNREACHABLE, str(error))
    except (OSError, ValueError) as error:
        give_up(link, str(error))
    start = f"import sys; sys.path.insert(0, {str(folder)!r})"
    start = f"{start}; from park_server.on_node.carried_attempt import main; main()"
    os.execv(python, [python, "-I", "-c", start, url, str(store)])  # noqa: S606 (no shell)


def leave(status: int, line: str) -> None:
    """End with one line."""
    print(f"park: {line}", file=sys.stderr)  # noqa: T201 (the batch job's own output)
    sys.exit(status)


def give_up(link: Link, line: str) -> None:
    """Tell the service why nothing starts here, where it hears that, and leave."""
    try:
        link.json("POST", "end", {"files": [], "records": {}, "why": line})
    except (Unreachable, Refused) as error:
        leave(UNREACHABLE, f"{line}; {error}")
    leave(1, line)


if __name__ == "__main__":
    main()
