"""What a job asks of its environment: when it is but what its module needs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from park.client.choosing.choice import EXACT
from park.client.installs.asked_binding import Asked, is_here, roots_of
from park.client.report import Silence
from park.client.submission.callers_line import callers_line
from park.client.submission.reach import Reach
from park.local.set_options import PLAIN, SetOptions
from park.model.entry_point import EntryPoint

if TYPE_CHECKING:
    from park.build.local_set import LocalSet


def asked(module: str, reach: Reach | None, options: SetOptions = PLAIN) -> Asked:
    point = EntryPoint(module=module, qualname="f")
    return Asked(point, reach, options, "auto", Silence(), "warn", EXACT, callers_line())


@pytest.mark.parametrize(
    ("module", "reach", "is_plain"),
    [
        ("mymodel", None, True),
        ("mymodel", Reach(), False),
        ("os.path", Reach(), True),
        ("os", None, False),
        ("os", Reach(modules=frozenset({"mymodel"})), False),
    ],
)
def test_what_is_known_by_its_module_alone(
    module: str, reach: Reach | None, *, is_plain: bool
) -> None:
    assert asked(module, reach).is_plain is is_plain
    assert not asked(module, reach, SetOptions(taken=("plugin",))).is_plain


def test_what_is_looked_for() -> None:
    reach = Reach(modules=frozenset({"mymodel"}))
    assert (asked("mymodel", None).what, asked("mymodel", reach).what) == ("mymodel", reach)
    assert is_here("json.decoder")
    assert not is_here("no_such_module.inside")


def test_the_folders_of_trees_are_those_of_what_has_one() -> None:
    roots = (Path("/work/mymodel"), None)
    sources = [SimpleNamespace(project=SimpleNamespace(root=root)) for root in roots]
    assert roots_of(cast("LocalSet", SimpleNamespace(sources=sources))) == [Path("/work/mymodel")]
