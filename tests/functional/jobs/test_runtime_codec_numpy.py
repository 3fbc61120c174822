"""The codec and a real numpy, in a process that has one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

CHECK = """
import json, sys
import numpy as np
sys.path.append(sys.argv[1])
from park.runtime.codec import CodecError, decode, encode

def back(value):
    document = json.loads(json.dumps(encode(value, set_hash="s"), allow_nan=False))
    return decode(document, set_hash="s"), document

for array in (
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.ones((3, 2))), np.array([]),
    np.array([np.nan, np.inf]), np.array(5), np.array(["a", "bc"]), np.array([1 + 2j]),
    np.array(["2026-11-23"], dtype="datetime64[ns]"), np.zeros(2, dtype=">i2"),
    np.zeros(2, dtype=[("q", "f8"), ("r", "i4")]),
):
    result, document = back(array)
    assert document["$park"] == "ndarray", document
    assert result.dtype == array.dtype and result.shape == array.shape
    np.testing.assert_array_equal(result, array)

for scalar in (np.float64(1.5), np.float32(np.nan), np.int16(3), np.bool_(True),
               np.complex64(1j), np.str_("x"), np.datetime64("2026-11-23")):
    result, document = back(scalar)
    assert document["$park"] == "numpy-scalar", document
    assert type(result) is type(scalar)
    np.testing.assert_equal(result, scalar)

objects = np.array([{}, None], dtype=object)
result, document = back(objects)
assert document["$park"] == "pickle"
try:
    encode(objects, set_hash=None)
except CodecError:
    pass
else:
    raise AssertionError("an object array is code and needs a set hash")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("numpy") / "venv"
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv, "pip", "install", "-q", "--python", python, "numpy"], check=True)
    return python


def test_arrays_and_scalars_come_back_as_they_were(python: Path) -> None:
    import park

    source = Path(park.__path__[0]).parent
    subprocess.run([python, "-W", "error", "-c", CHECK, source], check=True)


def test_forked_siblings_do_not_share_numpys_chance(python: Path) -> None:
    import park

    code = """
import os, sys
sys.path.append(sys.argv[1])
import numpy as np
from park.runtime.surroundings import prepare_fork
np.random.seed(1)
seen = []
for _ in range(2):
    read, write = os.pipe()
    if os.fork() == 0:
        prepare_fork()
        os.write(write, str(np.random.random()).encode())
        os._exit(0)
    os.wait()
    seen.append(os.read(read, 100))
assert seen[0] != seen[1], seen
"""
    source = Path(park.__path__[0]).parent
    subprocess.run([python, "-c", code, source], check=True)
