"""Keys in the system's keyring, where a user wants them to outlive the agent.

The keyring has no list of its own: which services it has a key of stands in a file beside the
agent's socket, by their URLs alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from park.agent.keys import Key
from park.agent.messages import HoldKey, decoded, encoded
from park.atomic import write_atomically
from park.errors import CannotSatisfy, ParkError

__all__ = ["KeyringStore"]

_NAME = "park"
"""Under which keyrings show what is ours."""


class KeyringStore:
    """The keys of one user; ``file`` names the services of which there are any."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def services(self) -> list[str]:
        """Return the URLs of the services of which the keyring has a key."""
        with suppress(OSError, ValueError, TypeError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return [each for each in found if isinstance(each, str)]
        return []

    def keep(self, key: Key) -> None:
        """Put ``key`` there; raises `CannotSatisfy` where there is no keyring."""
        held = HoldKey(
            service=key.service,
            token=key.token,
            user=key.user,
            id=key.id,
            expires=key.expires,
            renewable_until=key.renewable_until,
            confirm=key.confirm,
            insecure=key.insecure,
            keep=True,
        )
        _call("set_password", _NAME, key.service, encoded(held).decode("ascii"))
        self._write({*self.services(), key.service})

    def forget(self, service: str) -> None:
        """Take the key of a service away, if it is there."""
        with suppress(CannotSatisfy):
            _call("delete_password", _NAME, service)
        self._write({each for each in self.services() if each != service})

    def load(self, now: float) -> Iterable[Key]:
        """Yield the keys that are there; what cannot be read is left out."""
        for service in self.services():
            with suppress(ParkError):
                text = _call("get_password", _NAME, service)
                held = decoded(str(text).encode())
                if isinstance(held, HoldKey):
                    yield Key.of(held, now)

    def _write(self, services: set[str]) -> None:
        write_atomically(self._file, json.dumps(sorted(services)), mode=0o600)


def _call(name: str, *words: str) -> Any:
    try:
        import keyring
    except ModuleNotFoundError:
        raise CannotSatisfy(
            "the keyring library is not installed where the agent runs",
            hint="pip install 'park-dist[keyring]', park agent stop, and log in again",
        ) from None
    try:
        return getattr(keyring, name)(*words)
    except Exception as error:  # noqa: BLE001 (each backend has errors of its own)
        raise CannotSatisfy(
            f"the system's keyring does not do it: {type(error).__name__}",
            hint="is there one, and is it unlocked? Without --keyring the login lasts as long as "
            "the agent",
        ) from None
