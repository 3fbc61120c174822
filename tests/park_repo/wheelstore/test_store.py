"""`park_repo.wheelstore.store`: unpack once, seal, verify, put aside, sweep."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel, wheel_members, write_archive

from park.digests import file_sha256
from park.errors import CannotSatisfy
from park_repo.durable import QUARANTINE, key_lock
from park_repo.wheelstore.entry import StoreEntry, StoreKey
from park_repo.wheelstore.store import WheelStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

TAG = "cpython-311"
WHEEL = "demo-1.0.dist-info/WHEEL"

FILES = {
    "demo/__init__.py": b"VALUE = 1\n",
    "demo/broken_template.py": b"def {{ name }}():\n",
    "demo/data.bin": bytes(range(256)),
    "demo/__pycache__/__init__.cpython-311.pyc": b"not from this source",
    "demo-1.0.data/scripts/run-demo": b"#!python\nprint('run')\n",
    "demo-1.0.data/scripts/run-shell": b"#!/bin/sh\necho run\n",
    "demo-1.0.data/data/share/demo/notes.txt": b"notes\n",
    "demo-1.0.data/headers/demo.h": b"int demo;\n",
    "demo-1.0.dist-info/entry_points.txt": b"[console_scripts]\ndemo = demo.cli:main\n",
}


class CountingCompiler:
    """Writes an empty bytecode file for each module, and counts the calls."""

    python = "3.11"
    cache_tag = TAG

    def __init__(self) -> None:
        self.calls = 0

    def compile(
        self, root: Path, files: Iterable[str], progress: Callable[[int], object]
    ) -> dict[str, str]:
        self.calls += 1
        digests = {}
        for name in files:
            module = Path(name)
            compiled = module.parent / "__pycache__" / f"{module.stem}.{TAG}.pyc"
            (root / compiled).parent.mkdir(exist_ok=True)
            (root / compiled).write_bytes(b"")
            digests[str(compiled)] = hashlib.sha256(b"").hexdigest()
            progress(1)
        return digests


@pytest.fixture
def store(tmp_path: Path) -> WheelStore:
    return WheelStore(tmp_path / "store")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, files=FILES)


@pytest.fixture
def entry(store: WheelStore, wheel: Path) -> StoreEntry:
    return store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler())


def _rewrite(path: Path, content: bytes) -> None:
    """Scribble as a careful culprit does: same size, times set back, modes restored."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_entry_holds_the_schemes_of_the_wheel(entry: StoreEntry) -> None:
    assert entry.schemes == ("data", "headers", "scripts", "site")
    assert (entry.path / "site/demo/data.bin").read_bytes() == bytes(range(256))
    assert (entry.path / "data/share/demo/notes.txt").read_bytes() == b"notes\n"
    assert (entry.path / "headers/demo.h").read_bytes() == b"int demo;\n"
    assert (entry.name, entry.version) == ("demo", "1.0")


def test_scripts_that_need_an_interpreter_are_noted(entry: StoreEntry) -> None:
    (script,) = entry.scripts
    assert (script.name, script.module, script.attribute) == ("demo", "demo.cli", "main")
    assert entry.shebang_scripts == ("run-demo",)


def test_record_is_that_of_an_installer(entry: StoreEntry) -> None:
    record = entry.path / "site/demo-1.0.dist-info/RECORD"
    rows = {
        path: (digest, size) for path, digest, size in csv.reader(record.read_text().splitlines())
    }

    assert rows["../../../bin/demo"] == ("", "")
    assert rows["../../../bin/run-demo"] == ("", "")
    assert rows["../../../bin/run-shell"][1] == "19"
    assert rows["../../../share/demo/notes.txt"][0].startswith("sha256=")
    assert rows["../../../include/site/python3.11/demo/demo.h"][1] == "10"
    assert rows["demo/data.bin"][1] == "256"
    assert rows["demo-1.0.dist-info/RECORD"] == ("", "")
    assert (record.parent / "INSTALLER").read_text() == "park\n"
    assert "demo-1.0.dist-info/INSTALLER" in rows


def test_bytecode_in_a_wheel_is_not_taken_over(entry: StoreEntry) -> None:
    assert (entry.path / f"site/demo/__pycache__/__init__.{TAG}.pyc").read_bytes() == b""


def test_everything_is_read_only_and_executables_stay_so(tmp_path: Path, store: WheelStore) -> None:
    entry = store.add(w := make_wheel(tmp_path), sha256=file_sha256(w), compiler=CountingCompiler())

    modes = {path.stat().st_mode & 0o222 for path in [entry.path, *entry.path.rglob("*")]}

    assert modes == {0}


def test_the_second_time_nothing_is_unpacked(store: WheelStore, wheel: Path) -> None:
    compiler = CountingCompiler()

    first = store.add(wheel, sha256=file_sha256(wheel), compiler=compiler)
    second = store.add(wheel, sha256=file_sha256(wheel), compiler=compiler)

    assert (first, compiler.calls) == (second, 1)
    assert list(store.entries()) == [first]


def test_what_entries_take_is_read_again_where_they_changed(
    store: WheelStore, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, compiler = file_sha256(wheel), CountingCompiler()
    entry = store.unpack(wheel, sha256=digest, python=compiler.python, cache_tag=compiler.cache_tag)
    assert store.sizes() == {entry.key: entry.size_bytes}
    with monkeypatch.context() as patch:
        patch.setattr(store, "get", lambda key: pytest.fail(f"{key} is read again"))
        assert store.sizes() == {entry.key: entry.size_bytes}
    compiled = store.compile(entry, compiler)
    assert store.sizes() == {entry.key: compiled.size_bytes}
    store.remove(entry.key)
    assert store.sizes() == {}


def test_threads_that_want_one_wheel_unpack_it_once(store: WheelStore, wheel: Path) -> None:
    compiler = CountingCompiler()
    with ThreadPoolExecutor(8) as threads:
        pending = [
            threads.submit(store.add, wheel, sha256=file_sha256(wheel), compiler=compiler)
            for _ in range(8)
        ]
        entries = {future.result().key for future in pending}

    assert (len(entries), compiler.calls) == (1, 1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b"no zip"), "not a zip file"),
        (
            lambda path: write_archive(path, {**wheel_members(), "../out.py": b""}),
            "leads out of the environment",
        ),
        (
            lambda path: write_archive(path, {"demo.py": b""}),
            "exactly one .dist-info",
        ),
        (
            lambda path: write_archive(path, wheel_members() | {WHEEL: b"Wheel-Version: 2.0\n"}),
            r"demo-1\.0-py3-none-any\.whl: Incompatible Wheel-Version 2\.0",
        ),
    ],
    ids=["no archive", "escaping member", "no dist-info", "wheel version"],
)
def test_a_broken_wheel_is_refused_and_leaves_nothing(
    tmp_path: Path, store: WheelStore, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    make(path)

    with pytest.raises(CannotSatisfy, match=reason):
        store.add(path, sha256=file_sha256(path), compiler=CountingCompiler())

    assert [p.name for p in store.folder.iterdir()] == [".locks"]
    assert not (tmp_path / "out.py").exists()


def test_the_data_folder_is_spelled_as_the_dist_info(tmp_path: Path, store: WheelStore) -> None:
    """The file name may spell the project in another way."""
    wheel = make_wheel(tmp_path, files=FILES).rename(tmp_path / "Demo-1.0-py3-none-any.whl")
    entry = store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler())
    assert entry.schemes == ("data", "headers", "scripts", "site")


def test_another_file_than_the_lock_says_is_refused(store: WheelStore, wheel: Path) -> None:
    with pytest.raises(
        CannotSatisfy, match=f"expected SHA-256 {'0' * 64}, found {file_sha256(wheel)}"
    ):
        store.add(wheel, sha256="0" * 64, compiler=CountingCompiler())


def test_an_untouched_entry_is_sound(store: WheelStore, entry: StoreEntry) -> None:
    assert store.verify(entry) == store.verify(entry, thorough=True) == ()


@pytest.mark.parametrize("thorough", [False, True])
def test_a_write_that_sets_size_and_times_back_is_found(
    store: WheelStore, entry: StoreEntry, *, thorough: bool
) -> None:
    _rewrite(entry.path / "site/demo/__init__.py", b"VALUE = 2\n")

    damages = [str(damage) for damage in store.verify(entry, thorough=thorough)]

    assert damages == ["site/demo/__init__.py changed"]


@pytest.mark.parametrize("thorough", [False, True])
def test_what_was_added_or_removed_is_found(
    store: WheelStore, entry: StoreEntry, *, thorough: bool
) -> None:
    folder = entry.path / "site/demo"
    folder.chmod(0o755)
    (folder / "new.py").write_text("")
    (folder / "data.bin").unlink()
    folder.chmod(0o555)

    damages = [str(damage) for damage in store.verify(entry, thorough=thorough)]

    assert {"site/demo/new.py added", "site/demo/data.bin missing"} <= set(damages)


def test_changed_times_alone_can_be_accepted(store: WheelStore, entry: StoreEntry) -> None:
    os.utime(entry.path / "site/demo/__init__.py")
    assert store.verify(entry)
    assert store.verify(entry, thorough=True) == ()

    assert store.heal(entry.key)

    assert store.verify(entry) == ()


def test_an_entry_in_quarantine_is_gone_until_it_is_added_again(
    store: WheelStore, entry: StoreEntry, wheel: Path
) -> None:
    _rewrite(entry.path / "site/demo/__init__.py", b"VALUE = 2\n")

    assert not store.heal(entry.key)
    assert store.get(entry.key) is None
    again = store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler())

    assert (again.path / "site/demo/__init__.py").read_bytes() == b"VALUE = 1\n"
    assert store.verify(again) == ()
    assert [name.startswith(QUARANTINE) for name in store.sweep()] == [True]


def test_a_damaged_mark_is_no_entry_and_is_made_again(
    store: WheelStore, entry: StoreEntry, wheel: Path
) -> None:
    (store.folder / f"{entry.key}.json").write_text("{")

    assert store.get(entry.key) is None
    assert store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler()) == entry


class WatchingCompiler(CountingCompiler):
    """Looks at the entry, as a job would, before it compiles."""

    def __init__(self, look: Callable[[], object]) -> None:
        super().__init__()
        self._look = look

    def compile(
        self, root: Path, files: Iterable[str], progress: Callable[[int], object]
    ) -> dict[str, str]:
        self._look()
        return super().compile(root, files, progress)


def test_an_entry_is_of_use_before_it_is_compiled(store: WheelStore, wheel: Path) -> None:
    entry = store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag=TAG)
    seen: list[object] = []

    def look() -> None:
        # a job meanwhile: the entry is there, sound, and imports from its sources
        assert store.get(entry.key) == entry
        seen.append(store.verify(entry))
        code = "import demo; print(demo.VALUE)"
        site = str(entry.path / "site")
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": site},
            check=True,
        )
        seen.append(done.stdout)

    compiled = store.compile(entry, WatchingCompiler(look))

    assert seen == [(), "1\n"]
    assert (entry.bytecode, compiled.bytecode) == (False, True)
    assert store.get(entry.key) == compiled
    assert store.verify(compiled) == store.verify(compiled, thorough=True) == ()


def test_a_scribble_before_the_bytecode_is_found_then_and_later(
    store: WheelStore, wheel: Path
) -> None:
    entry = store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag=TAG)
    _rewrite(entry.path / "site/demo/__init__.py", b"VALUE = 2\n")

    assert [str(damage) for damage in store.verify(entry)] == ["site/demo/__init__.py changed"]
    compiled = store.compile(entry, CountingCompiler())
    assert [str(damage) for damage in store.verify(compiled)] == ["site/demo/__init__.py changed"]


def test_what_a_job_puts_among_the_bytecode_goes(store: WheelStore, wheel: Path) -> None:
    entry = store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag=TAG)
    folder = entry.path / "site/demo/__pycache__"
    (folder / f"other.{TAG}.pyc").write_bytes(b"")

    store.compile(entry, CountingCompiler())

    assert sorted(path.name for path in folder.iterdir()) == [
        f"__init__.{TAG}.pyc",
        f"broken_template.{TAG}.pyc",
    ]


def test_modules_that_do_not_compile_have_no_bytecode(store: WheelStore, wheel: Path) -> None:
    class Picky(CountingCompiler):
        def compile(
            self, root: Path, files: Iterable[str], progress: Callable[[int], object]
        ) -> dict[str, str]:
            return super().compile(root, [f for f in files if "broken" not in f], progress)

    entry = store.add(wheel, sha256=file_sha256(wheel), compiler=Picky())

    names = [path.name for path in (entry.path / "site/demo/__pycache__").iterdir()]
    assert names == [f"__init__.{TAG}.pyc"]
    assert store.verify(entry) == ()


def test_a_script_of_pip_is_named_for_the_interpreter(tmp_path: Path, store: WheelStore) -> None:
    points = b"[console_scripts]\npip = pip:main\npip3.14 = pip:main\n"
    files = {"pip.py": b"def main(): ...\n", "pip-1.0.dist-info/entry_points.txt": points}
    wheel = make_wheel(tmp_path, "pip", files=files)

    entry = store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag=TAG)

    assert [script.name for script in entry.scripts] == ["pip", "pip3.11"]


def test_a_removed_entry_leaves_nothing(store: WheelStore, entry: StoreEntry, wheel: Path) -> None:
    store.remove(entry.key)

    assert [p.name for p in store.folder.iterdir()] == [".locks"]
    assert store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler()) == entry


_KILLED = """
    import sys
    from pathlib import Path
    from park.digests import file_sha256
    from park_repo.wheelstore.store import WheelStore

    class Compiler:
        python, cache_tag = "3.11", "cpython-311"
        def compile(self, root, files, progress):
            print("compiling", flush=True)
            sys.stdin.read()

    wheel = Path(sys.argv[2])
    digest = file_sha256(wheel)
    WheelStore(Path(sys.argv[1])).add(wheel, sha256=digest, compiler=Compiler())
"""


def test_a_killed_compiler_leaves_an_entry_that_can_be_compiled(
    store: WheelStore, wheel: Path
) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_KILLED), store.folder.parent, wheel],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"compiling\n"
        while_it_compiles = store.sweep()
        killed.send_signal(signal.SIGKILL)

    assert while_it_compiles == store.sweep() == []
    (entry,) = store.entries()
    assert (entry.bytecode, store.verify(entry)) == (False, ())
    again = store.add(wheel, sha256=file_sha256(wheel), compiler=CountingCompiler())
    assert (again.bytecode, store.verify(again, thorough=True)) == (True, ())


def test_what_was_renamed_but_not_marked_is_swept(store: WheelStore, entry: StoreEntry) -> None:
    (store.folder / f"{entry.key}.json").unlink()

    assert store.sweep() == [entry.key, f"{entry.key}.files.json"]
    assert [p.name for p in store.folder.iterdir()] == [".locks"]


def test_the_lock_of_a_key_is_told_from_that_of_another(tmp_path: Path) -> None:
    with (
        key_lock(tmp_path, "a") as first,
        key_lock(tmp_path, "a", wait=False) as second,
        key_lock(tmp_path, "b", wait=False) as other,
    ):
        assert (first, second, other) == (True, False, True)


def test_unknown_keys_are_absent(store: WheelStore) -> None:
    assert store.get(StoreKey("0" * 64)) is None
    assert not store.has(StoreKey("0" * 64))


def test_a_sweep_takes_no_lock_of_what_is_whole(
    store: WheelStore, entry: StoreEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def watched(folder: Path, key: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        asked.append(key)
        return key_lock(folder, key, wait=wait)

    monkeypatch.setattr("park_repo.durable.key_lock", watched)
    other = "0" * 64
    (store.folder / other).mkdir()

    assert store.sweep() == [other]
    assert asked == [other]
    assert store.get(entry.key) == entry
