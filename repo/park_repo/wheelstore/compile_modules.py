"""Compile modules for the interpreter that runs this file; started by `bytecode`.

Standard library only: it runs under each interpreter of the service, which has no park.
It reads one JSON request per line, ``{"root": folder, "files": [relative paths]}``, and
answers each with one line: the compiled files as ``[[path, sha256], …]``.

A module that does not compile is left out, as pip does: wheels ship templates and tests
for other Pythons. The name of the file inside the code is the relative one; importlib
replaces it by the place a module is imported from.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import marshal
import os
import sys
import warnings

_TIMESTAMP_BASED = 0  # PEP 552: the validation that pip and uv use as well


def compile_file(root: str, path: str) -> tuple[str, str] | None:
    """Compile one module and return the bytecode's path and SHA-256, or None."""
    source = os.path.join(root, path)  # noqa: PTH118 (thousands of files: no Path each)
    try:
        with open(source, "rb") as file:  # noqa: PTH123
            found = os.fstat(file.fileno())
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    words = (_TIMESTAMP_BASED, int(found.st_mtime), found.st_size)
    header = b"".join((word & 0xFFFFFFFF).to_bytes(4, "little") for word in words)
    content = importlib.util.MAGIC_NUMBER + header + marshal.dumps(code)
    compiled = importlib.util.cache_from_source(path)
    target = os.path.join(root, compiled)  # noqa: PTH118
    os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
    beside = f"{target}.{os.getpid()}"
    with open(beside, "wb") as file:  # noqa: PTH123
        file.write(content)
    os.replace(beside, target)  # noqa: PTH105 (whoever imports meanwhile reads all or nothing)
    return compiled, hashlib.sha256(content).hexdigest()


def main() -> None:
    """Answer requests until the input ends."""
    warnings.simplefilter("ignore")
    with contextlib.suppress(AttributeError, OSError):
        # jobs that run meanwhile are woken ahead of work that only uses a core
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    for line in sys.stdin:
        request = json.loads(line)
        answers = [compile_file(request["root"], path) for path in request["files"]]
        print(json.dumps([answer for answer in answers if answer]), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
