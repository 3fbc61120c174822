"""Modules that are loaded when they are used: by whom, how often, and by whom not."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from operator import methodcaller
from pathlib import Path
from types import ModuleType

import pytest

import park
from park.cli.seldom import SELDOM, load_when_used

NOT_LOADED = """
import sys
import park
from park.cli.seldom import SELDOM, load_when_used
load_when_used()
import park.cli.main, park.cli.options, park.client.access.address, park.client.access.transport
import park.client.installs.target_install
print(*(name for name in SELDOM if type(sys.modules[name]).__name__ == "module"))
"""
ALL_WORK = """
from park.cli.seldom import load_when_used
load_when_used()
import bz2, calendar, dataclasses, inspect, ipaddress, lzma, random, selectors, ssl, http.client
assert bz2.decompress(bz2.compress(b"film")) == lzma.decompress(lzma.compress(b"film")) == b"film"
assert calendar.monthrange(2026, 11)[1] == 30
assert [*inspect.signature(lambda film: film).parameters] == ["film"]
assert ipaddress.ip_address("127.0.0.1").is_loopback
assert 0 <= random.random() < 1
assert selectors.DefaultSelector().get_map() == {}
assert issubclass(ssl.SSLError, OSError)
assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
from inspect import *
assert callable(getsource)
"""


def printed(program: str) -> str:
    argv = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_an_install_begins_without_any_of_them() -> None:
    assert printed(NOT_LOADED).split() == []


def test_each_does_what_it_always_did() -> None:
    printed(ALL_WORK)


def undescribed_dataclasses(module: Path) -> list[str]:
    classes = (n for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.ClassDef))
    return [
        f"{module}: {node.name}"
        for node in classes
        if any("dataclass" in ast.unparse(each) for each in node.decorator_list)
        and not ast.get_docstring(node)
    ]


def test_of_no_dataclass_the_signature_is_written_as_its_docstring() -> None:
    """For one without a docstring `dataclasses` uses `inspect`, which is one of them."""
    sources = Path(str(park.__file__)).parent.rglob("*.py")
    assert [found for module in sources for found in undescribed_dataclasses(module)] == []


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a module that says when it is loaded, and waits until it may go on."""
    text = "import threading\nfrom park_gate import begun, go, loads\nloads.append(1)\n"
    text += "def value():\n    return VALUE\n\nbegun.set()\ngo.wait()\nVALUE = 1\n"
    (tmp_path / "park_later.py").write_text(text)
    gate = ModuleType("park_gate")
    vars(gate).update(begun=threading.Event(), go=threading.Event(), loads=[])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "park_gate", gate)
    monkeypatch.delitem(sys.modules, "park_later", raising=False)
    load_when_used(("park_later",))
    return sys.modules["park_later"]


def test_of_several_threads_one_loads_it_and_all_have_it_whole(later: ModuleType) -> None:
    gate = sys.modules["park_gate"]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: later.VALUE)
        gate.begun.wait()
        second = pool.submit(lambda: later.VALUE)
        gate.go.set()
        assert (first.result(), second.result()) == (1, 1)
    assert gate.loads == [1]
    assert type(later) is ModuleType


def test_what_is_there_already_is_had_once_all_is(later: ModuleType) -> None:
    """`subprocess.run` was called where `Popen` was not there yet: a service did not start."""
    gate = sys.modules["park_gate"]
    with ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: later.VALUE)
        gate.begun.wait()
        second = pool.submit(methodcaller("value"), later)
        done, _ = wait([second], timeout=0.2)
        gate.go.set()
        assert not done
        assert second.result() == 1


def test_what_it_lacks_it_lacks(later: ModuleType) -> None:
    sys.modules["park_gate"].go.set()
    with pytest.raises(AttributeError, match="park_later"):
        _ = later.THICKNESS
    assert not hasattr(later, "THICKNESS")


def test_what_is_loaded_stays_as_it_is() -> None:
    before = {name: sys.modules.get(name) for name in SELDOM}
    load_when_used(tuple(name for name, module in before.items() if module is not None))
    assert {name: sys.modules.get(name) for name in SELDOM} == before


def test_one_that_fails_fails_for_everybody_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "park_broken.py").write_text("raise ImportError('no library')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    load_when_used(("park_broken", "park_absent"))
    broken = sys.modules.pop("park_broken")
    for _ in range(2):
        with pytest.raises(ImportError, match="no library"):
            _ = broken.VALUE
    assert "park_absent" not in sys.modules
