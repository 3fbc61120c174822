"""What a program finds that climbs out of its wheel: asked here, and in a job of a service.

``python -m vendor_probe LAYOUT TOKEN-FILE [MODULE…]`` compares both.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_PAGE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWidgets import QApplication

app = QApplication(sys.argv)
page = QWebEnginePage()
page.loadFinished.connect(
    lambda ok: page.runJavaScript("6 * 7", 0, lambda value: (print(ok, value), app.exit()))
)
page.setHtml("<p>here</p>")
QTimer.singleShot(120_000, lambda: app.exit(3))
sys.exit(app.exec())
"""


def cuda() -> dict[str, Any]:
    """Load cuSPARSE, and say where the library of the other wheel came from that it needs."""
    folder = Path(importlib.import_module("nvidia.cusparse").__path__[0], "lib")
    ctypes.CDLL(str(folder / "libcusparse.so.12"))
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = {Path(line.split()[-1]) for line in lines if "libnvJitLink" in line}
    return {"loaded": [_below_prefix(name) for name in sorted(names)]}


def web_engine() -> dict[str, Any]:
    """Show a page, which a process of its own renders, and run a script in it."""
    # a job has none of the variables of whoever submits it
    said_to_qt = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PAGE],
        env=os.environ | said_to_qt,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = done.stdout if done.returncode == 0 else done.stderr.strip().splitlines()[-3:]
    return {"status": done.returncode, "said": said}


def siblings() -> dict[str, Any]:
    """Find the other wheel by every way of climbing."""
    here = Path(importlib.import_module("nvidia.cusparse").__path__[0])
    (name,) = [path.name for path in (here / "lib").glob("libcusparse.so.*")]
    other = "nvjitlink/lib/libnvJitLink.so.12"
    file = here / "lib" / name
    return {
        "by ..": Path(f"{here}/../{other}").exists(),
        "by resolve": (file.resolve().parents[2] / other).exists(),
        "by the prefix": _below_prefix(Path(os.path.realpath(file))),
    }


def imported(module: str) -> dict[str, Any]:
    """Import ``module``, and say which it is."""
    found = importlib.import_module(module)
    return {"version": getattr(found, "__version__", None), "file": _below_prefix(found.__file__)}


def _below_prefix(path: str | Path | None) -> str:
    return os.path.relpath(os.path.realpath(str(path)), os.path.realpath(sys.prefix))


def main(layout: str, token_file: str, *modules: str) -> int:
    """Return 0 where jobs find what is found here, in environments laid out as ``layout``."""
    probe = importlib.import_module("vendor_probe")  # not __main__: jobs import it

    import park

    os.environ["PARK_TOKEN"] = Path(token_file).read_text().strip()
    service = park.remote_service(os.environ["PARK_SERVICE"])
    about = service.about()
    same = about.environments == layout
    print(f"environments: {about.environments}, asked: {layout}")
    asked: list[tuple[Any, ...]] = [(probe.cuda,), (probe.siblings,), (probe.web_engine,)]
    asked += [(probe.imported, module) for module in modules]
    for function, *arguments in asked:
        here = function(*arguments)
        there = service.submit(function, *arguments, memo=False).result()
        same &= here == there
        print(f"{function.__name__}{tuple(arguments)}: here {here}, there {there}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
