"""The user's configuration: services by name, in one TOML file.

::

    default = "compufans"
    agent = true                                       # optional; false: no agent is asked

    [services.compufans]
    url = "https://compufans.example.org/park"
    token_file = "/home/me/.secrets/compufans"     # optional
    insecure = false                               # optional: by plain HTTP, all the same
    lend = "bounce"                                # optional: what it lends, the agent is asked for
    own = true                                     # optional: other services read what it pickled

    [use."https://compufans.example.org/park"]     # by `park install mymodel --use 3f9c0a1b`
    mymodel = "3f9c0a1b"

It is edited with tomlkit, so that comments survive.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park.atomic import write_atomically
from park.errors import UnknownItem, UsageError

__all__ = ["Configuration", "ConfiguredService", "configuration_file"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfiguredService:
    """A service that the user has given a name.

    ``insecure``: its token may go there by plain HTTP. ``lend``: what it lends to others is held
    by these ("ship"), or asked of the agent for each use ("bounce"). ``own``: the user's other
    services read what it pickled, which is to run what it says.
    """

    name: str
    url: str
    token_file: Path | None = None
    insecure: bool = False
    lend: str | None = None
    own: bool = False


def configuration_file() -> Path:
    """Return the path of the user's configuration; ``PARK_CONFIG`` names another file."""
    named = os.environ.get("PARK_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("park", appauthor=False)) / "config.toml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the configuration file says; each change is written at once."""

    path: Path

    @property
    def default(self) -> str | None:
        """The name of the service that is used when none is named."""
        value = self._read().get("default")
        return None if value is None else str(value)

    @property
    def uses_agent(self) -> bool:
        """Whether logins may be held by an agent: unless ``agent = false``."""
        return self._read().get("agent") is not False

    def services(self) -> list[ConfiguredService]:
        """Return the services in the order of the file."""
        return [self._service(name, table) for name, table in self._tables().items()]

    def service(self, name: str) -> ConfiguredService | None:
        """Return the service ``name``, or None."""
        table = self._tables().get(name)
        return None if table is None else self._service(name, table)

    def add(self, service: ConfiguredService) -> None:
        """Write ``service``, in place of one of the same name; the first becomes the default."""
        document = self._editable()
        entry: dict[str, str | bool] = {"url": service.url}
        if service.token_file is not None:
            entry["token_file"] = str(service.token_file)
        if service.insecure:
            entry["insecure"] = True
        if service.lend is not None:
            entry["lend"] = service.lend
        if service.own:
            entry["own"] = True
        document.setdefault("services", {})[service.name] = entry
        document.setdefault("default", service.name)
        self._write(document)

    def keep_token(self, name: str, token: str) -> Path:
        """Write the token of the service ``name`` to a file that is the user's alone; return it."""
        file = self.path.parent / "tokens" / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, f"{token}\n", mode=0o600)
        return file

    def remove(self, name: str) -> None:
        """Forget the service ``name``; raises `UnknownItem`."""
        self._require(name)
        document = self._editable()
        del document["services"][name]
        if document.get("default") == name:
            del document["default"]
        self._write(document)

    def use(self, name: str) -> None:
        """Make the service ``name`` the default; raises `UnknownItem`."""
        self._require(name)
        document = self._editable()
        document["default"] = name
        self._write(document)

    def used(self, url: str) -> dict[str, str]:
        """Return in which lock jobs run on the service at ``url``, where that was said.

        By project (normalised); see `park install --use`.
        """
        table = self._read().get("use", {})
        found = table.get(url.rstrip("/"), {}) if isinstance(table, dict) else None
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            raise UsageError(f"{self.path}: 'use' is not a table of URLs, projects and locks")
        return dict(found)

    def use_lock(self, url: str, project: str, lock: str | None) -> None:
        """Have jobs of ``project`` run in ``lock`` at ``url``; None: in the version of here."""
        if lock is None and project not in self.used(url):
            return
        document = self._editable()
        table = document.setdefault("use", {}).setdefault(url.rstrip("/"), {})
        if lock is None:
            del table[project]
        else:
            table[project] = lock
        self._write(document)

    def _require(self, name: str) -> None:
        if self.service(name) is None:
            known = ", ".join(service.name for service in self.services()) or "none"
            raise UnknownItem(
                f"no service named {name!r} in {self.path}; known: {known}",
                hint="name one: park service add NAME URL",
            )

    def _service(self, name: str, table: Any) -> ConfiguredService:
        if not isinstance(table, dict) or not isinstance(table.get("url"), str):
            raise UsageError(f"{self.path}: services.{name} has no url")
        if table.get("lend") not in {None, "ship", "bounce"}:
            raise UsageError(f"{self.path}: services.{name}.lend is 'ship' or 'bounce'")
        token_file = table.get("token_file")
        return ConfiguredService(
            name=name,
            url=table["url"],
            token_file=None if token_file is None else Path(str(token_file)).expanduser(),
            insecure=table.get("insecure") is True,
            lend=table.get("lend"),
            own=table.get("own") is True,
        )

    def _tables(self) -> dict[str, Any]:
        tables = self._read().get("services", {})
        if not isinstance(tables, dict):
            raise UsageError(f"{self.path}: 'services' is not a table")
        return tables

    def _read(self) -> dict[str, Any]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        import tomllib  # whoever has one service, on this machine, has no such file

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                f"{self.path} is not valid TOML: {error}", hint="correct it, or move it away"
            ) from None

    def _editable(self) -> Any:
        import tomlkit

        self._read()  # refuses a file that is not TOML before anything is written
        return tomlkit.parse(self.path.read_text(encoding="utf-8") if self.path.exists() else "")

    def _write(self, document: Any) -> None:
        import tomlkit

        write_atomically(self.path, tomlkit.dumps(document))
