"""What holds for members holds for the paths at which they are installed."""

from __future__ import annotations

import pytest

from park.errors import InvalidUpload
from park_repo.checks.members import Member
from park_repo.checks.placement import check_placement

DATA = "demo-1.0.data"


def check(*names: str) -> None:
    members = [Member(name=n.rstrip("/"), size=1, is_directory=n.endswith("/")) for n in names]
    check_placement(members, "demo-1.0.dist-info")


def test_the_schemes_of_wheels_are_taken() -> None:
    check(
        "x/", "x/__init__.py", f"{DATA}/", f"{DATA}/purelib/", f"{DATA}/purelib/x/",
        f"{DATA}/purelib/x/a.py", f"{DATA}/platlib/x/b.so", f"{DATA}/scripts/x",
        f"{DATA}/data/share/x.txt", f"{DATA}/headers/x/x.h", "x.data.py", "x/y.data/z",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("x/a.py", f"{DATA}/purelib/x/a.py"), "at the same path as 'x/a.py'"),
        ((f"{DATA}/platlib/x.py", f"{DATA}/purelib/x.py"), "at the same path as"),
        (("x/a.py", f"{DATA}/purelib/x/A.py"), "'x/A.py' and 'x/a.py' differ in case only"),
        (("x/a.py", f"{DATA}/platlib/X/b.py"), "'X' and 'x' differ in case only"),
        (("x", f"{DATA}/purelib/x/a.py"), "'x' is a file, not a directory"),
    ],
)
def test_files_that_meet_where_they_are_installed_are_refused(
    names: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(InvalidUpload, match=reason) as refused:
        check(*names)
    assert refused.value.details["member"] == names[1]


@pytest.mark.parametrize(
    "name", [DATA, f"{DATA}/x.py", f"{DATA}/purelib", f"{DATA}/weird/x.py", "other-1.0.data/data/x"]
)
def test_what_is_below_no_known_scheme_is_refused(name: str) -> None:
    with pytest.raises(InvalidUpload, match=r"known scheme|another name") as refused:
        check(name)
    assert refused.value.details == {"member": name, "rule": "data-folder"}
