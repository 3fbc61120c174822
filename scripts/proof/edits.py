"""The edits of the proof: which job each is about, and whether that job has to run again."""

from __future__ import annotations

from dataclasses import dataclass

from proof.roundabout import ROUNDABOUT_JOBS
from proof.world import (
    DATA,
    Change,
    World,
    added,
    bumped,
    joined_by,
    removed,
    replaced,
    without,
)

__all__ = ["NEEDED", "UNNEEDED", "Edit"]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """An edit of the world; ``jobs`` are about it."""

    name: str
    jobs: tuple[str, ...]
    change: Change

    def __str__(self) -> str:
        return self.name

    def applied(self, world: World) -> World:
        """Return the world after the edit."""
        return self.change(world)


def _edit(name: str, jobs: str, change: Change) -> Edit:
    return Edit(name=name, jobs=tuple(jobs.split()), change=change)


_S = "specimen"
_TABLE = replaced(_S, "specimen/data/table.txt", "1 2 3", "1 2 4")
_READERS = (
    "resource package_data opened opened_low opened_relative from_c from_sqlite archived size"
)
_LISTERS = "listed scanned walked globbed path_globbed traversed"
_PLUG_TWO = "[specimen.plugins]\ntwo = plug_two:plug\n"
_SO = ".cpython-311-x86_64-linux-gnu.so"

_CODE = [
    _edit("the function", "compute", replaced(_S, "specimen/core.py", "+ DENSITY", "- DENSITY")),
    _edit("a default", "compute", replaced(_S, "specimen/core.py", "factor=3.0", "factor=3.5")),
    _edit("a helper in another module, which the fork server loaded", "compute",
          replaced(_S, "specimen/helper.py", "x + 1.0", "x + 1.5")),
    _edit("a constant", "compute", replaced(_S, "specimen/constants.py", "= 2.0", "= 2.5")),
    _edit("a constant's 17th digit", "compute",
          replaced(_S, "specimen/constants.py", "= 2.0", "= 2.0000000000000004")),
    _edit("a class attribute", "compute", replaced(_S, "specimen/classes.py", "250.0", "260.0")),
    _edit("a decorator", "compute", replaced(_S, "specimen/decorators.py", "1.0 *", "2.0 *")),
    _edit("a module imported while it ran", "compute",
          replaced(_S, "specimen/lazy.py", "0.5", "0.75")),
    _edit("__init__ of the package", "compute", replaced(_S, "specimen/__init__.py", "1.0", "2.0")),
    _edit("__init__ of a parent package", "compute",
          replaced(_S, "specimen/sub/__init__.py", "LEVEL = 1", "LEVEL = 2")),
    _edit("a module two levels down", "compute",
          replaced(_S, "specimen/sub/deep.py", "return LEVEL", "return -LEVEL")),
    _edit("code of a transitive dependency", "compute",
          replaced("specimen-dep", "specimen_dep/__init__.py", "4.0", "5.0")),
    _edit("a module is a package now", "compute",
          added(_S, "specimen/helper/__init__.py", "def shifted(x):\n    return 0.0\n")),
    _edit("an extension stands before a module", "compute",
          added(_S, f"specimen/helper{_SO}", "no library")),
    _edit("a module is gone", "compute", without(_S, "specimen/lazy.py")),
    _edit("a dependency is gone", "compute", removed("specimen-dep")),
    _edit("another distribution has a file of the package", "compute",
          joined_by("zz-late", {"specimen/helper.py": "def shifted(x):\n    return 0.0\n"})),
    _edit("another distribution has a new file in the package", "compute exists listed",
          joined_by("zz-late", {"specimen/data/optional.txt": "x\n"})),
    _edit("a single module stands in for a package", "optional",
          joined_by("optional", {"optional_thing.py": ""})),
]  # fmt: skip

_FILES = [
    _edit("a data file of the package", _READERS, _TABLE),
    _edit("a data file that is longer", _READERS,
          added(_S, "specimen/data/table.txt", "1 2 3 4\n")),
    _edit("a data file is gone", "opened size", without(_S, "specimen/data/table.txt")),
    _edit("a file that was looked for is there", "opened_if_there",
          added(_S, "specimen/data/override.txt", "x\n")),
    _edit("a folder has one file more", _LISTERS, added(_S, "specimen/data/more.txt", "x\n")),
    _edit("a folder has a folder more", "listed scanned traversed",
          added(_S, "specimen/data/below/more.txt", "x\n")),
    _edit("a folder has one file less", _LISTERS, without(_S, "specimen/data/table.txt")),
    _edit("a file exists now", "exists", added(_S, "specimen/data/optional.txt", "x\n")),
    _edit("a module may be read now", "accessible", added(_S, "specimen/local_settings.py", "")),
    _edit("the package has a module more", "modules_listed", added(_S, "specimen/newer.py", "")),
    _edit("a file that no package has", "shared_data",
          replaced("lonely", "lonely.txt", "alone", "in company")),
    _edit(
        "a shared data file of another distribution exists now",
        "shared_data_there",
        joined_by("shares", {f"{DATA}data/share/proof/extra.txt": "x"}),
    ),
    _edit("site-packages has a name more", "whole_folder", joined_by("newcomer", {"new.py": ""})),
    _edit("the text of a function's source", "source",
          replaced(_S, "specimen/helper.py", "x + 1.0", "x + 1.0  # here")),
    _edit("a docstring that is read", "documented",
          replaced(_S, "specimen/helper.py", '"""Help."""', '"""Helpful."""')),
    _edit("a line number in a traceback", "traced",
          replaced(_S, "specimen/helper.py", "\n\n\ndef fails", "\n# a comment\n\n\ndef fails")),
]  # fmt: skip

_LOOKUPS = [
    _edit("an optional import succeeds: a package", "optional optional_by_name spec",
          joined_by("optional", {"optional_thing/__init__.py": "", "optional_thing/part.py": ""})),
    _edit("an optional import succeeds: a namespace package", "optional spec",
          joined_by("optional", {"optional_thing/part.txt": "x"})),
    _edit("an optional import succeeds: an extension", "optional spec",
          joined_by("optional", {f"optional_thing{_SO}": "x"})),
    _edit("an optional import succeeds: bytecode alone", "optional spec",
          joined_by("optional", {"optional_thing.pyc": "x"})),
    _edit("an optional part of the package is there", "optional_part",
          added(_S, "specimen/fast.py", "")),
    _edit("a new plugin", "plugins",
          joined_by("plug-two", {"plug_two.py": "def plug():\n    return 'two'\n"},
                    entry_points__txt=_PLUG_TWO)),
    _edit("a plugin's entry point names another function", "plugins",
          bumped("plug-one", version="1.0",
                 entry_points__txt="[specimen.plugins]\none = plug_one:other\n")),
    _edit("a plugin is gone", "plugins", removed("plug-one")),
    _edit("a plugin's code", "plugins", replaced("plug-one", "plug_one.py", "'one'", "'1'")),
    _edit("the version that was asked for", "version required package_files",
          bumped("specimen-dep", version="1.1")),
    _edit("a distribution more, where all are listed", "distributions",
          joined_by("newcomer", {"new.py": ""})),
    _edit("a distribution's file list", "package_files",
          added("specimen-dep", "specimen_dep/more.py", "")),
    _edit("a namespace package grew", "namespace namespace_part",
          joined_by("ns-two", {"ns_space/two.py": "VALUE = 2\n"})),
    _edit("a namespace package got an __init__", "namespace namespace_part",
          joined_by("ns-two", {"ns_space/__init__.py": "VALUE = 2\n"})),
    _edit("a part of a namespace package", "namespace_part",
          replaced("ns-one", "ns_space/one.py", "1", "2")),
]  # fmt: skip

_START = [
    _edit("a .pth changed", "site_value nothing compute",
          replaced("starts", "starts.pth", "proof_pth = 1", "proof_pth = 2")),
    _edit("a .pth more", "site_value nothing",
          joined_by("starts-too", {"also.pth": "import sys; sys.proof_site = 1\n"})),
    _edit("a .pth less", "site_value", removed("starts")),
    _edit("sitecustomize", "site_value nothing",
          joined_by("custom", {"sitecustomize.py": "import sys; sys.proof_site = 1\n"})),
    _edit("sitecustomize as a package", "site_value",
          joined_by("custom", {"sitecustomize/__init__.py": "import sys; sys.proof_site = 1\n"})),
    _edit("usercustomize", "site_value",
          joined_by("custom", {"usercustomize.py": "import sys; sys.proof_user = 1\n"})),
]  # fmt: skip

_BY_NAME = (
    "walked_by_descriptor listed_by_descriptor scanned_by_descriptor listed_by_root listed_by_link"
    " globbed_deeply looked_for_by_access looked_for_by_the_c_library listed_by_bytes"
    " listed_as_a_resource listed_where_it_went"
)
_OTHERWISE = "found_on_the_path on_a_path_of_its_own extended packages summary"
_BY_CONTENT = " ".join(
    name for name in ROUNDABOUT_JOBS if name not in {*_BY_NAME.split(), *_OTHERWISE.split()}
)
_ROUNDABOUT = [
    _edit("code that nobody imports, read by roundabout ways", _BY_CONTENT,
          replaced(_S, "specimen/unrelated.py", "return 7", "return 88")),
    _edit("a file more in a folder that is listed by roundabout ways", _BY_NAME,
          added(_S, "specimen/newer.py", "")),
    _edit("a program is on the path now", "found_on_the_path",
          joined_by("tool", {f"{DATA}scripts/proof-tool": "#!/bin/sh\n"})),
    _edit("a command is on the path now", "found_on_the_path",
          joined_by("tool", {"tool.py": "def main(): pass\n"},
                    entry_points__txt="[console_scripts]\nproof-tool = tool:main\n")),
    _edit("a module in a folder that was put on the path", "on_a_path_of_its_own",
          added(_S, "specimen/sub/vendored.py", "VALUE = 1\n")),
    _edit("a package in a folder that was put on the path", "on_a_path_of_its_own",
          added(_S, "specimen/sub/vendored/__init__.py", "VALUE = 1\n")),
    _edit("a distribution more, whose packages are listed", "packages",
          joined_by("newcomer", {"newcomer.py": ""})),
    _edit("the metadata of a distribution", "summary", bumped("specimen-dep", version="1.1")),
]  # fmt: skip

NEEDED: list[Edit] = [*_CODE, *_FILES, *_LOOKUPS, *_START, *_ROUNDABOUT]
"""After each of these, each of its jobs has to run again."""

_ALL = "compute resource opened optional plugins from_c nothing"

UNNEEDED: list[Edit] = [
    _edit("a docstring in an unrelated module", f"{_ALL} listed exists namespace_part",
          replaced(_S, "specimen/unrelated.py", '"""Do."""', '"""Do it."""')),
    _edit("a comment in an unrelated module", _ALL,
          replaced(_S, "specimen/unrelated.py", "return 7", "return 7  # seven")),
    _edit("the code of an unrelated module", _ALL,
          replaced(_S, "specimen/unrelated.py", "return 7", "return 8")),
    _edit("a new unrelated dependency", "compute resource opened optional exists from_c nothing",
          joined_by("newcomer", {"newcomer/__init__.py": "", "newcomer/py.typed": ""})),
    _edit("a new unrelated dependency with data",
          "compute resource opened optional exists nothing",
          joined_by("newcomer", {"newcomer/__init__.py": "", "newcomer/data.txt": "x"})),
    _edit("a dependency that is not used goes", _ALL.replace("plugins", ""), removed("unused")),
    _edit("the version of a dependency that is not used", _ALL, bumped("unused")),
    _edit("the code of a dependency that is not used", _ALL,
          replaced("unused", "unused/more.py", "X = 1", "X = 2")),
    _edit("a comment in a dependency that is not used", _ALL,
          replaced("unused", "unused/more.py", "X = 1", "X = 1  # one")),
    _edit("a docstring in a dependency that is not used", _ALL,
          replaced("unused", "unused/__init__.py", "Nobody imports", "Nobody ever imports")),
    _edit("a README", _ALL, bumped(_S, version="1.0", readme="Read this.")),
    _edit("the package's version", _ALL, bumped(_S, version="1.1")),
    _edit("the version of a dependency, its code as it was", "compute resource optional",
          bumped("specimen-dep", version="1.1")),
    _edit("a licence", _ALL, bumped(_S, version="1.0", LICENSE="Do as you like.")),
    _edit("a plugin that nobody asked for", "compute resource optional",
          joined_by("plug-two", {"plug_two.py": ""}, entry_points__txt=_PLUG_TWO)),
    _edit("a command of an unused dependency", "compute resource optional nothing",
          bumped("unused", version="1.0", entry_points__txt="[console_scripts]\nx = unused:x\n")),
    _edit("a data file of a package that is not used", "compute resource optional nothing",
          replaced("lonely", "lonely.txt", "alone", "in company")),
    _edit("a new module in the package", _ALL, added(_S, "specimen/newer.py", "")),
]  # fmt: skip
"""After none of these any of its jobs has to. What is new among data, or in a package that was
used, is not spared: a look at it would not have been seen."""
