"""The smallest backend: it needs nothing installed, so tests of the rest need no network."""

import base64
import hashlib
import os
import zipfile
from pathlib import Path

METADATA = """\
Metadata-Version: 2.1
Name: offline
Version: 1.0
Requires-Dist: packaging>=20
Provides-Extra: plot
Requires-Dist: pip; extra == "plot"
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: offline\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "offline-1.0-py3-none-any.whl"
    files = {str(p.as_posix()): p.read_bytes() for p in sorted(Path("offline").rglob("*.py"))}
    files["offline-1.0.dist-info/METADATA"] = METADATA.encode()
    files["offline-1.0.dist-info/WHEEL"] = WHEEL.encode()
    files["offline/_environ.txt"] = os.environ.get("SOURCE_DATE_EPOCH", "").encode()
    record = [f"{path},{_digest(content)},{len(content)}" for path, content in files.items()]
    record.append("offline-1.0.dist-info/RECORD,,")
    files["offline-1.0.dist-info/RECORD"] = "\n".join(record).encode()
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return name


def _digest(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
