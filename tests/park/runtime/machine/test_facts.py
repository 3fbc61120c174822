"""What numbers depend on, as a process finds it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

from park.runtime.machine import facts as module

CODE = """
import sys, json
sys.path.insert(0, sys.argv[1])
from park.runtime.machine.facts import facts
before = dict(facts())
import numpy
print(json.dumps([before, facts(), sorted({"ctypes", "platform"} & set(before))]))
"""


def test_a_process_finds_its_machine_and_numpy_once_that_is_loaded() -> None:
    root = module.__file__.split("/park/runtime/")[0]
    done = subprocess.run(
        [sys.executable, "-c", CODE, root], check=True, capture_output=True, text=True
    )
    before, after, _ = json.loads(done.stdout)
    import numpy as np

    assert before["python"] == platform.python_version()
    assert before["cpu"]
    assert before["libc"]
    assert "numpy" not in before
    assert after["numpy"] == np.__version__
    assert after["blas"].split()[0] in str(np.__config__.show("dicts"))


def test_it_is_found_once() -> None:
    assert module.facts() is module.facts()
