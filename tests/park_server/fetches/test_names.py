"""The names of fetched files, whoever suggests them."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park_server.fetches.names import file_name, safe_name


@pytest.mark.parametrize(
    ("disposition", "url", "name"),
    [
        (None, "https://h/data/run.refl", "run.refl"),
        (None, "https://h/data/run.refl?download=1#top", "run.refl"),
        (None, "https://h/data/", "download"),
        (None, "https://h", "download"),
        (None, "https://h/jobs/1/files/plots%2Frun.refl", "run.refl"),
        (None, "https://h/na%C3%AFve.txt", "naïve.txt"),
        ("attachment", "https://h/x.dat", "x.dat"),
        ("attachment; filename=run.refl", "https://h/x", "run.refl"),
        ('attachment; filename="my run.refl"', "https://h/x", "my run.refl"),
        (r'attachment; filename="a\"b.txt"', "https://h/x", "a_b.txt"),
        (r'attachment; filename="C:\data\run.refl"', "https://h/x", "run.refl"),
        ('attachment; filename="../../etc/passwd"', "https://h/x", "passwd"),
        ('attachment; filename=""', "https://h/x.dat", "x.dat"),
        ('attachment; filename=".."', "https://h/x.dat", "x.dat"),
        ("inline; FileName=run.refl; size=3", "https://h/x", "run.refl"),
        (
            "attachment; filename=\"euro.txt\"; filename*=UTF-8''%e2%82%ac%20rates.txt",
            "https://h/x",
            "€ rates.txt",
        ),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", "https://h/x", "£.txt"),
        ("attachment; filename=a.txt; filename*=utf-7''b.txt", "https://h/x", "a.txt"),
        ("attachment; filename=a.txt; filename*=UTF-8''%ff.txt", "https://h/x", "a.txt"),
        ("attachment; filename=a.txt; filename*=broken", "https://h/x", "a.txt"),
    ],
)
def test_who_names_a_file(disposition: str | None, url: str, name: str) -> None:
    assert file_name(disposition, url) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".bashrc", "bashrc"),
        ("...", ""),
        ("run.refl. . ", "run.refl"),
        ("a\x00b\x1b[31mc\r\n.txt", "ab[31mc.txt"),
        ("gpj\u202excod.txt", "gpjxcod.txt"),  # shown as if it were gpjtxt.docx
        ("con", "_con"),
        ("Aux.txt", "_Aux.txt"),
        ("LPT1 .log", "_LPT1 .log"),
        ("console.txt", "console.txt"),
        ("-rf", "_rf"),
        ("~root", "_root"),
        ('a<b>:"c|d?*', "a_b___c_d__"),
        ("\ud800.txt", "txt"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_what_is_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_a_long_name_keeps_its_suffix() -> None:
    name = safe_name("é" * 300 + ".refl")
    assert name.endswith("é.refl")
    assert 190 < len(name.encode()) <= 200
    assert len(safe_name("x." + "y" * 300).encode()) == 200


@given(st.text(), st.text())
def test_whatever_is_suggested_the_name_is_safe(disposition: str, text: str) -> None:
    for name in (
        file_name(f"attachment; filename={disposition}", "https://h/x"),
        file_name(f'attachment; filename="{disposition}"', "https://h/x"),
        file_name(None, "https://h/" + text.replace("[", "").replace("]", "")),
        safe_name(text) or "none",
    ):
        assert PurePosixPath(name).parts == (name,) == PureWindowsPath(name).parts
        assert name[0] not in ".-~ "
        assert name[-1] not in ". "
        assert not any(char in "\0\r\n\t\x1b\u202e" for char in name)
        assert 0 < len(name.encode()) <= 200
        assert safe_name(name) == name
