"""Download wheels into the wheel cache of a home."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import httpx2

from park.atomic import appearing
from park.errors import CannotSatisfy
from park_repo.durable import beside, key_lock, sweep_beside, sync_file
from park_repo.upstream.attempts import ATTEMPTS, BACKOFF, may_pass
from park_repo.user_agent import USER_AGENT
from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedSyncTransport
from park_server.envs.pylock import LockedWheel

__all__ = ["Downloader"]

_CHUNK_BYTES = 256 * 1024
_TIMEOUT_S = 30
"""Without a byte for so long, an attempt has failed."""


class Downloader(AbstractContextManager["Downloader"]):
    """Fetches the wheels of a lock by their URL, each once, into ``folder``.

    A file is in its place only when its SHA-256 was that of the lock. Thread-safe.
    A lock may have been made anywhere, so its URLs, and what they redirect to, are reached as
    ``addresses`` says. ``client`` may bring other certificates or a test's transport; ``pause``
    waits between attempts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        addresses: AddressPolicy | None = None,
        client: httpx2.Client | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._client = client or httpx2.Client(
            transport=GuardedSyncTransport(addresses or AddressPolicy()),
            follow_redirects=True,
            timeout=_TIMEOUT_S,
        )
        self._client.headers["User-Agent"] = USER_AGENT
        self._pause = pause

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def path(self, wheel: LockedWheel) -> Path:
        """Return where ``wheel`` is, or would be."""
        return self._folder / wheel.sha256 / wheel.filename

    def fetch(self, wheel: LockedWheel, received: Callable[[int], object] = lambda _: None) -> Path:
        """Return the file of ``wheel``, downloaded now unless it is here.

        ``received`` is called with the number of bytes since its last call; a negative one
        takes back those of a failed attempt. Raises `CannotSatisfy` where the file cannot
        be had, or is not the one of the lock.
        """
        final = self.path(wheel)
        if final.exists():
            return final
        if wheel.url is None:
            raise CannotSatisfy(
                f"{wheel.filename} has no URL in the lock, and the service does not hold it",
                hint="upload the wheel again",
            )
        with key_lock(self._folder, wheel.sha256):
            if not final.exists():
                self._download(wheel, wheel.url, final, received)
        return final

    def sweep(self) -> list[str]:
        """Remove what earlier processes left unfinished; return the names."""
        return sweep_beside(self._folder)

    def _download(
        self, wheel: LockedWheel, url: str, final: Path, received: Callable[[int], object]
    ) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._attempt(wheel, url, final, received)
            except (httpx2.TransportError, httpx2.HTTPStatusError) as err:
                if attempt == ATTEMPTS or not _is_worth_another(err):
                    raise CannotSatisfy(
                        f"cannot download {wheel.filename} from {url}:"
                        f" {err or type(err).__name__} (attempt {attempt} of {ATTEMPTS})",
                        hint="see whether the service's upstream index answers, and ask again",
                    ) from err
                self._pause(BACKOFF.after(attempt))
            else:
                return

    def _attempt(
        self, wheel: LockedWheel, url: str, final: Path, received: Callable[[int], object]
    ) -> None:
        count = 0
        try:
            with appearing(final, beside=beside(self._folder, wheel.sha256)) as partial:
                digest = hashlib.sha256()
                with self._client.stream("GET", url) as response, partial.open("xb") as file:
                    response.raise_for_status()
                    for chunk in response.iter_bytes(_CHUNK_BYTES):
                        digest.update(chunk)
                        file.write(chunk)
                        count += len(chunk)
                        received(len(chunk))
                    sync_file(file)
                _check_digest(wheel, url, digest.hexdigest())
                final.parent.mkdir(exist_ok=True)
        except BaseException:
            received(-count)
            raise


def _check_digest(wheel: LockedWheel, url: str, found: str) -> None:
    if found != wheel.sha256:
        raise CannotSatisfy(
            f"{url} is not the file of the lock: expected SHA-256 {wheel.sha256}, found {found}",
            hint="its index changed a released file, or something between changed it",
        )


def _is_worth_another(err: httpx2.TransportError | httpx2.HTTPStatusError) -> bool:
    return not isinstance(err, httpx2.HTTPStatusError) or may_pass(err.response.status_code)
