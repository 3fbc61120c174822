"""uv where a build environment is made: the same wheels as pip's, in a fraction of its time.

uv does not read pip's configuration, so it is told what that says of where wheels come from. Where
pip is told what uv has no word for, or uv fails, pip has its turn: nobody gets less than before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from park.build.isolation.pip_settings import pip_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["install_with_uv", "uv_variables"]

_OLDEST = Version("0.4.23")
"""The first that reads ``UV_DEFAULT_INDEX`` and ``UV_INDEX``; one before would ask PyPI."""

_TOLD = {
    "cert": "SSL_CERT_FILE",
    "constraint": "UV_CONSTRAINT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
}
"""Settings of pip, and the variables that say the same to uv."""

_SEPARATORS = {"UV_FIND_LINKS": ","}
"""pip separates values by white space, and so does uv but for these."""

_WITHOUT_EFFECT = frozenset(
    {
        "break-system-packages",
        "cache-dir",
        "compile",
        "config-file",
        "disable-pip-version-check",
        "log",
        "no-cache-dir",
        "no-color",
        "no-compile",
        "no-input",
        "no-warn-script-location",
        "progress-bar",
        "python",
        "quiet",
        "require-virtualenv",
        "retries",
        "root-user-action",
        "use-pep517",
        "verbose",
    }
)
"""Settings of pip that do not decide which wheels an empty environment gets."""

_OWN_INDEX = {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}


def install_with_uv(python: str, requires: Iterable[str]) -> bool:
    """Install ``requires`` into the virtual environment of ``python``; False where pip must."""
    program, settings = _program(), pip_settings()
    told = None if settings is None else uv_variables(settings)
    if program is None or told is None:
        return False
    own = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    if not _OWN_INDEX.isdisjoint(own):
        told.pop("UV_DEFAULT_INDEX", None)
    command = [program, "pip", "install", "--quiet", "--python", python, "--requirements", "-"]
    done = subprocess.run(
        command,
        input="".join(f"{requirement}\n" for requirement in requires),
        env={"UV_INDEX_STRATEGY": "unsafe-best-match", **told, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def uv_variables(settings: Mapping[str, str]) -> dict[str, str] | None:
    """Return what says ``settings`` of pip to uv; None where uv has no word for one of them.

    pip takes the best version of all indexes, and uv is asked to do the same.
    """
    variables: dict[str, str] = {}
    for name, value in settings.items():
        if name in _TOLD:
            variable = _TOLD[name]
            variables[variable] = _SEPARATORS.get(variable, " ").join(value.split())
        elif name not in _WITHOUT_EFFECT:
            return None
    return variables


def _program() -> str | None:
    """Return the uv of this interpreter, or that of ``PATH``; None where none is recent enough."""
    found = shutil.which("uv")
    if find_spec("uv") is not None:
        import uv

        found = uv.find_uv_bin()
    return found if found is not None and _is_recent(found) else None


def _is_recent(program: str) -> bool:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    try:
        return Version(said.stdout.split()[1]) >= _OLDEST
    except (IndexError, InvalidVersion):
        return False
