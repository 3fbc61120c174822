"""Folders that somebody else writes to: nothing in them leads out, hangs, or goes on for ever."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.faults.deep_folders import deep_folders

from park_server import json_pieces, untrusted
from park_server.untrusted import NotPlain, TooMuch, Tree

SECRET = "the token of the service"


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def hard_link(path: Path, secret: Path) -> None:
    os.link(secret, path)


def folder(path: Path, _: Path) -> None:
    path.mkdir()


def unix_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def device(path: Path, _: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")


Maker = Callable[[Path, Path], None]

HOSTILE = {
    "a named pipe": pipe,
    "a symbolic link": link,
    "a hard link": hard_link,
    "a folder": folder,
    "a socket": unix_socket,
    "a device": device,
}


@pytest.mark.parametrize(("what", "make"), HOSTILE.items(), ids=HOSTILE)
def test_only_plain_files_are_opened(tmp_path: Path, what: str, make: Maker) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    (tmp_path / "job").mkdir()
    make(tmp_path / "job" / "stdout", secret)
    with pytest.raises(NotPlain, match=what), untrusted.opened(tmp_path, ["job", "stdout"]):
        pass


def test_a_folder_on_the_way_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stdout").write_text(SECRET)
    (tmp_path / "job").symlink_to("elsewhere")
    with pytest.raises(NotPlain), untrusted.opened(tmp_path, ["job", "stdout"]):
        pass


def test_a_pipe_is_not_waited_for_also_where_one_writes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stderr")
    with untrusted.folder(tmp_path, []) as inside, pytest.raises(NotPlain):
        untrusted.open_plain("stderr", inside, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("{", "not JSON"),
        ("\xe4", "not JSON"),
        ("[]", "no JSON object"),
        ('{"a": "' + "x" * 300_000 + '"}', "larger than 200,000 bytes"),
    ],
    ids=["lists", "objects", "torn", "latin-1", "a list", "large"],
)
def test_what_is_no_record_is_said(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "outcome.json").write_bytes(text.encode("latin-1"))
    limit = 1_000_000 if "nested" in what else 200_000
    with pytest.raises(NotPlain, match=what):
        untrusted.read_json(tmp_path, ["outcome.json"], limit)
    assert untrusted.read_json(tmp_path, ["absent.json"], limit) is None


def names(base: Path, *, most: int = 1_000, deepest: int = 20) -> list[str]:
    with untrusted.folder(base, []) as top:
        return [found.path for found in Tree(top, most=most, deepest=deepest)]


def test_a_tree_is_listed_by_name_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c", "a", "b/x"):
        (tmp_path / name).write_text("")
    (tmp_path / "b" / "root").symlink_to("/")
    assert names(tmp_path) == ["a", "b/root", "b/x", "c"]


def test_a_tree_has_limits(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / str(number)).write_text("")
    assert len(names(tmp_path, most=6)) == 6
    with pytest.raises(TooMuch, match="more than 5 files"):
        names(tmp_path, most=5)
    deep_folders(tmp_path, 1_500)
    with pytest.raises(TooMuch, match="folders more than 20 deep"):
        names(tmp_path)
    with untrusted.folder(tmp_path, []) as inside:
        untrusted.remove("d" * 20, inside)  # pytest cannot


def test_names_of_one_file_count_where_all_are_in_the_tree(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a").write_text("mine")
    os.link(work / "a", work / "b")
    (tmp_path / "secret").write_text(SECRET)
    os.link(tmp_path / "secret", work / "c")
    os.link(tmp_path / "secret", work / "d")
    opened, refused = [], []
    with untrusted.folder(work, []) as top:
        tree = Tree(top, most=10, deepest=1)
        for found in tree:
            try:
                os.close(tree.open(found))
                opened.append(found.path)
            except NotPlain:
                refused.append(found.path)
    assert (opened, refused) == (["a", "b"], ["c", "d"])


def test_what_is_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a").write_text("mine")
    (tmp_path / "secret").write_text(SECRET)
    with untrusted.folder(work, []) as top:
        tree = Tree(top, most=10, deepest=1)
        for found in tree:
            (work / "a").unlink()
            (work / "a").symlink_to(tmp_path / "secret")
            with pytest.raises(NotPlain):
                tree.open(found)


def test_all_is_removed_however_deep_and_whatever_its_mode(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    work = tmp_path / "work"
    (work / "locked" / "inner").mkdir(parents=True)
    (work / "locked" / "inner" / "file").write_text("")
    (work / "link").symlink_to(tmp_path / "kept")
    deep_folders(work, 1_500)
    (work / "locked").chmod(0)
    with untrusted.folder(tmp_path, []) as inside:
        untrusted.remove("work", inside)
        untrusted.remove("absent", inside)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_large_outcome_is_read_with_hooks_at_which_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked = []

    def noted(node: dict[str, Any]) -> dict[str, Any]:
        hooked.append(node)
        return node

    monkeypatch.setattr(json_pieces, "_as_it_is", noted)
    document = {"result": [{"chisq": number} for number in range(10_000)]}
    (tmp_path / "outcome.json").write_text(json.dumps(document))
    assert untrusted.read_json(tmp_path, ["outcome.json"], 1 << 20) == document
    assert len(hooked) == 10_001


@pytest.mark.parametrize("parts", [["absent"], ["there", "absent"], ["there", "link", "in"]])
def test_what_was_opened_on_the_way_is_closed(tmp_path: Path, parts: list[str]) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "link").symlink_to(tmp_path)
    with untrusted.folder(tmp_path, ["there"]) as before:
        pass
    with pytest.raises(OSError), untrusted.folder(tmp_path, parts):  # noqa: PT011 (of either kind)
        pass
    with pytest.raises((OSError, NotPlain)), untrusted.opened(tmp_path, [*parts, "file"]):
        pass
    with untrusted.folder(tmp_path, ["there"]) as after:
        assert after == before  # the lowest number that is free: none is held
