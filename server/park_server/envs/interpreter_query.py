"""Describe the interpreter that runs this file, as JSON on stdout; see `interpreters`.

Run as ``python -I -S interpreter_query.py FOLDER``, where FOLDER holds our `packaging`:
tags and markers depend on the interpreter's own build (libc, ABI), so it computes them.
"""

from __future__ import annotations

import json
import platform
import sys
import sysconfig


def main() -> None:
    """Print what `interpreters.Interpreter` needs."""
    sys.path.append(sys.argv[1])  # behind the standard library
    from packaging.markers import default_environment
    from packaging.tags import sys_tags

    tags = [str(tag) for tag in sys_tags()]
    answer = {
        # of a virtualenv, the interpreter that it was made from
        "executable": getattr(sys, "_base_executable", None) or sys.executable,
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
        "cache_tag": sys.implementation.cache_tag,
        "abi": tags[0].split("-")[1],
        "platform": sysconfig.get_platform(),
        "tags": tags,
        "markers": default_environment(),
    }
    print(json.dumps(answer))  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
