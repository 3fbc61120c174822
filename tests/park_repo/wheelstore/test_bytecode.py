"""`park_repo.wheelstore.bytecode`: real processes of this interpreter."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from park.errors import ServiceFault
from park_repo.wheelstore.bytecode import BytecodeCompiler

if TYPE_CHECKING:
    from collections.abc import Iterator

TAG = sys.implementation.cache_tag or ""


@pytest.fixture
def compiler() -> Iterator[BytecodeCompiler]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with BytecodeCompiler(
        Path(sys.executable), python=python, cache_tag=TAG, processes=2
    ) as compiler:
        yield compiler


def _modules(root: Path, count: int) -> list[str]:
    for number in range(count):
        (root / f"m{number}.py").write_text(f"VALUE = {number}\n")
    return [f"m{number}.py" for number in range(count)]


def test_bytecode_is_what_the_interpreter_loads(tmp_path: Path, compiler: BytecodeCompiler) -> None:
    modules = _modules(tmp_path, 100)
    done: list[int] = []

    digests = compiler.compile(tmp_path, modules, done.append)

    assert (len(digests), sum(done)) == (100, 100)
    compiled = tmp_path / f"__pycache__/m7.{TAG}.pyc"
    name = f"__pycache__/m7.{TAG}.pyc"
    assert digests[name] == hashlib.sha256(compiled.read_bytes()).hexdigest()
    # the loader must take the bytecode as it is, not compile and write it anew
    compiled.parent.chmod(0o555)
    before = compiled.stat()
    spec = importlib.util.spec_from_file_location("m7", tmp_path / "m7.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.VALUE, compiled.stat().st_mtime_ns) == (7, before.st_mtime_ns)


@pytest.mark.parametrize(
    "source", [b"def {{ name }}", b"x = '\xff'", b"\0"], ids=["syntax", "encoding", "null byte"]
)
def test_a_module_that_does_not_compile_is_left_out(
    tmp_path: Path, compiler: BytecodeCompiler, source: bytes
) -> None:
    (tmp_path / "bad.py").write_bytes(source)

    digests = compiler.compile(tmp_path, ["bad.py", *_modules(tmp_path, 1)], lambda _: None)

    assert list(digests) == [f"__pycache__/m0.{TAG}.pyc"]


def test_the_bytecode_does_not_depend_on_where_it_was_compiled(
    tmp_path: Path, compiler: BytecodeCompiler
) -> None:
    found = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        modules = _modules(folder, 1)
        os.utime(folder / "m0.py", (1e9, 1e9))
        found.append(compiler.compile(folder, modules, lambda _: None))

    assert found[0] == found[1]


def test_a_process_that_dies_is_reported(tmp_path: Path, compiler: BytecodeCompiler) -> None:
    modules = _modules(tmp_path, 1)
    compiler.compile(tmp_path, modules, lambda _: None)
    (process,) = compiler._started
    process.send_signal(signal.SIGKILL)
    process.wait()

    with pytest.raises(ServiceFault, match="ended with status -9"):
        compiler.compile(tmp_path, modules, lambda _: None)
