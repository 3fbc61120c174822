"""Records by their names: each is found, and brings no others with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from park import wire

SCRIPT = """
import sys
from park.wire import API, InstallRecord, decode, encode
print(*sorted(name for name in sys.modules if name.startswith("park.wire.")))
"""


def test_each_name_is_found_in_its_module() -> None:
    for name in wire.__all__:
        assert getattr(wire, name) is not None
    assert {"API", *wire._HOMES} == set(wire.__all__)
    with pytest.raises(AttributeError, match="no attribute 'NoRecord'"):
        getattr(wire, "NoRecord")  # noqa: B009 (mypy knows that there is none)


def test_a_record_brings_no_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == [
        "park.wire.form",
        "park.wire.install_records",
        "park.wire.pin_record",
    ]
