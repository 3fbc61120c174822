"""Modules are compiled as pip does, each whole or not at all, with a digest of what was written."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import marshal
import os
import py_compile
import sys
from pathlib import Path

import pytest

from park_repo.wheelstore import compile_modules
from park_repo.wheelstore.compile_modules import compile_file


def test_the_bytecode_is_that_of_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    source = tmp_path / "pkg" / "m.py"
    source.write_text("X = 1\n")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    path, sha256 = compile_file(str(tmp_path), "pkg/m.py") or ("", "")
    assert path == importlib.util.cache_from_source("pkg/m.py")
    content = (tmp_path / path).read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    code = marshal.loads(content[16:])  # noqa: S302 (our own)
    assert code.co_filename == "pkg/m.py"  # the same bytes wherever the wheel lies
    reference = tmp_path / "reference.pyc"
    py_compile.compile(str(source), str(reference), dfile="pkg/m.py", doraise=True)
    assert content[:16] == reference.read_bytes()[:16]  # what says whether it is still good
    assert sorted(each.name for each in (tmp_path / path).parent.iterdir()) == [Path(path).name]


@pytest.mark.parametrize("text", ["def f(:\n", "a\x00b", "(" * 5_000])
def test_what_does_not_compile_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.py").write_text(text)
    assert compile_file(str(tmp_path), "m.py") is None
    assert not (tmp_path / "__pycache__").exists()


def test_each_request_is_answered_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.py").write_text("X = 1\n")
    (tmp_path / "bad.py").write_text("X = \n")
    requests = [{"root": str(tmp_path), "files": files} for files in (["good.py", "bad.py"], [])]
    lines = "".join(f"{json.dumps(each)}\n" for each in requests)
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None)  # this process goes on
    compile_modules.main()
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert [path for path, _ in first] == [importlib.util.cache_from_source("good.py")]
    assert second == []
