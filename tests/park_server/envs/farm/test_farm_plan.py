"""`park_server.envs.farm.farm_plan`: the pure plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from park_server.envs.farm.farm_plan import Conflict, FarmPlan, Generated, Layer, Link, plan_farm

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]  # a directory: names to sub-directories, or to None for files


def _listing(trees: Mapping[str, Tree]) -> Any:
    def listing(path: str) -> dict[str, bool]:
        top, *parts = path.split("/")
        node: Tree = trees[top]
        for part in parts:
            node = node[part]
        return {name: child is not None for name, child in node.items()}

    return listing


def _plan(trees: Mapping[str, Tree], **options: Any) -> FarmPlan:
    layers = [Layer(owner=owner, mounts=(("lib", owner),)) for owner in trees]
    return plan_farm(layers, _listing(trees), **options)


def test_a_directory_of_one_wheel_is_one_link() -> None:
    plan = _plan({"a": {"pkg": {"mod": {"x.py": None}}}})

    assert plan.directories == ("lib",)
    assert plan.links == (Link(path="lib/pkg", source="a/pkg", owner="a"),)


def test_a_shared_directory_is_made_and_merged() -> None:
    plan = _plan({"a": {"ns": {"one": {}}}, "b": {"ns": {"two": {}, "f": None}}})

    assert plan.directories == ("lib", "lib/ns")
    assert [link.path for link in plan.links] == ["lib/ns/f", "lib/ns/one", "lib/ns/two"]
    assert plan.conflicts == ()


def test_of_two_owners_the_later_in_name_order_wins_and_it_is_told() -> None:
    plan = _plan({"b": {"x.py": None}, "a": {"x.py": None}})

    assert plan.links == (Link(path="lib/x.py", source="b/x.py", owner="b"),)
    assert plan.conflicts == (
        Conflict(path="lib/x.py", owners=("a", "b"), sources=("a/x.py", "b/x.py")),
    )


def test_a_file_and_a_directory_of_one_name_conflict() -> None:
    later_directory = _plan({"a": {"x": None}, "b": {"x": {"y": None}}})
    later_file = _plan({"a": {"x": {"y": None}}, "b": {"x": None}})

    assert [link.path for link in later_directory.links] == ["lib/x/y"]
    assert [link.source for link in later_file.links] == ["b/x"]
    assert [len(plan.conflicts) for plan in (later_directory, later_file)] == [1, 1]


def test_directories_that_the_environment_writes_into_are_never_links() -> None:
    plan = _plan({"a": {"pkg": {"x": None}}}, directories=["lib/pkg"])

    assert plan.directories == ("lib", "lib/pkg")
    assert [link.path for link in plan.links] == ["lib/pkg/x"]


def test_directories_may_be_kept_unfolded() -> None:
    trees = {"a": {"a-1.dist-info": {"RECORD": None, "licenses": {"L": None}}}}

    plan = _plan(trees, unfolded=lambda path: path.endswith(".dist-info"))

    assert [link.path for link in plan.links] == [
        "lib/a-1.dist-info/RECORD",
        "lib/a-1.dist-info/licenses",
    ]


def test_no_wheel_takes_a_path_of_the_environment_itself() -> None:
    plan = _plan({"a": {"python": None}}, reserved=frozenset({"lib/python"}))

    assert plan.links == ()
    assert plan.conflicts == (
        Conflict(path="lib/python", owners=("a", ""), sources=("a/python", None)),
    )


def test_a_generated_script_stands_for_the_file_of_its_wheel() -> None:
    layer = Layer(owner="a", mounts=(("bin", "a"),), generated=("bin/run",))

    plan = plan_farm([layer], _listing({"a": {"run": None, "other": None}}))

    assert plan.generated == (Generated(path="bin/run", owner="a"),)
    assert [link.path for link in plan.links] == ["bin/other"]
    assert plan.conflicts == ()


def test_scripts_of_one_name_conflict_in_name_order() -> None:
    layers = [Layer(owner=owner, mounts=(), generated=("bin/run",)) for owner in ("b", "a")]

    plan = plan_farm(layers, _listing({}))

    assert plan.generated == (Generated(path="bin/run", owner="b"),)
    assert plan.conflicts[0].owners == ("a", "b")


def test_mounts_may_lie_inside_what_another_wheel_brings() -> None:
    layers = [
        Layer(owner="a", mounts=(("", "a"),)),
        Layer(owner="b", mounts=(("lib/site", "b"),)),
    ]

    plan = plan_farm(layers, _listing({"a": {"lib": {"site": {"x": None}}}, "b": {"y": None}}))

    assert plan.directories == ("lib", "lib/site")
    assert [link.path for link in plan.links] == ["lib/site/x", "lib/site/y"]


def test_a_file_hides_what_earlier_wheels_have_below_it() -> None:
    trees: dict[str, Tree] = {
        "a": {"x": {"one": None}},
        "b": {"x": None},
        "c": {"x": {"two": None}},
    }

    assert [link.path for link in _plan(trees).links] == ["lib/x/two"]


_files = st.dictionaries(st.sampled_from(["f", "g"]), st.none(), max_size=2)
_trees = st.recursive(
    _files,
    lambda below: st.builds(
        lambda files, folders: {**files, **folders},
        _files,
        st.dictionaries(st.sampled_from(["d", "e"]), below, max_size=2),
    ),
    max_leaves=6,
)


def _installed(tree: Tree, source: str, prefix: str = "lib") -> dict[str, str]:
    """Return the files that an installer would write, and from where."""
    found = {}
    for name, child in tree.items():
        if child is None:
            found[f"{prefix}/{name}"] = f"{source}/{name}"
        else:
            found |= _installed(child, f"{source}/{name}", f"{prefix}/{name}")
    return found


def _at(trees: Mapping[str, Tree], source: str) -> Tree | None:
    top, *parts = source.split("/")
    node: Tree | None = trees[top]
    for part in parts:
        assert node is not None
        node = node[part]
    return node


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), _trees, min_size=1))
def test_the_farm_shows_the_files_that_installing_in_name_order_leaves(
    trees: dict[str, Tree],
) -> None:
    expected: dict[str, str] = {}
    for owner in sorted(trees):
        expected |= _installed(trees[owner], owner)

    shown: dict[str, str] = {}
    for link in _plan(trees).links:
        tree = _at(trees, link.source)
        files = (
            {link.path: link.source} if tree is None else _installed(tree, link.source, link.path)
        )
        assert not shown.keys() & files.keys()
        shown |= files

    assert shown == expected
