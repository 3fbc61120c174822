"""Wheels that have pointers of Git LFS in the place of files: said by name."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from park.build.beyond.lfs_pointers import said_pointers

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def wheel(folder: Path, **files: str) -> Path:
    made = folder / "film-1-py3-none-any.whl"
    with ZipFile(made, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return made


def test_pointers_are_named_with_what_brings_the_content(tmp_path: Path) -> None:
    made = wheel(tmp_path, **{"film/data.npy": POINTER, "film/run.txt": "0 1\n" * 50})
    (said,) = said_pointers(made)
    assert said == (
        "film/data.npy in film-1-py3-none-any.whl is a pointer of Git LFS, and not the content: "
        "`git lfs pull` in the tree brings that"
    )


def test_of_many_some_are_named(tmp_path: Path) -> None:
    (said,) = said_pointers(wheel(tmp_path, **{f"film/{n}.npy": POINTER for n in range(5)}))
    assert said.startswith("film/0.npy, film/1.npy, film/2.npy and 2 more in ")


def test_what_tells_of_pointers_is_none(tmp_path: Path) -> None:
    made = wheel(tmp_path, **{"film/lfs.py": POINTER, "film/long.txt": POINTER + "x" * 2000})
    assert list(said_pointers(made)) == []
