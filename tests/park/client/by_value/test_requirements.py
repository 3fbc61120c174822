"""What a script says that its functions need."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import park
from park.client.by_value import requirements
from park.client.by_value.requirements import requirements_here
from park.errors import LocalSetError, UsageError


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "_said", {})
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)


def test_what_was_said_is_kept_once_and_in_order() -> None:
    park.requires("h5py", "pandas>=2")
    park.requires("h5py")
    assert requirements_here() == ("h5py", "pandas>=2")
    with pytest.raises(UsageError, match="no requirement at all"):
        park.requires("no requirement at all")


def test_the_block_of_the_script_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "fit.py"
    script.write_text('# /// script\n# dependencies = ["numpy>=1"]\n# ///\n')
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    park.requires("h5py")
    assert requirements_here() == ("numpy>=1", "h5py")
    script.write_text("import numpy\n")
    assert requirements_here() == ("h5py",)
    script.write_text('# /// script\n# requires-python = "<3"\n# ///\n')
    with pytest.raises(LocalSetError, match="requires Python"):
        requirements_here()
