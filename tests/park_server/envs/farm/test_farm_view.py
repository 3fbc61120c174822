"""`park_server.envs.farm.farm_view`: the layers, beside the plan of the same wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from park_server.envs.farm.farm_plan import FarmPlan, Layer, plan_farm
from park_server.envs.farm.farm_view import Overlay, fits, own_layer, plan_view, view_document

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]  # a directory: names to sub-directories, or to None for files

PLACES = {"data": "", "scripts": "bin", "site": "lib/site"}
"""The folders of a wheel, and where each goes; sorted, as schemes are."""


def test_the_last_wheel_lies_on_top_and_the_environment_above_all() -> None:
    layers = [Layer(owner=owner, mounts=(("lib", f"{owner}/site"),)) for owner in "ba"]
    view = plan_view(layers, lambda _: {}, short=str.upper)
    assert view == (Overlay(at="lib", layers=("own/lib", "B/SITE", "A/SITE")),)
    assert view_document(view) == b"lib\town/lib:B/SITE:A/SITE\n"


def test_what_one_folder_has_below_itself_is_a_layer_there() -> None:
    layers = [
        Layer(owner="a", mounts=(("", "a/data"), ("bin", "a/scripts"))),
        Layer(owner="b", mounts=(("bin", "b/scripts"),)),
    ]
    listing = {"a/data": {"bin": True}, "b/scripts": {}}.__getitem__
    assert plan_view(layers, listing, short=str) == (
        Overlay(at="", layers=("own", "a/data")),
        Overlay(at="bin", layers=("own/bin", "b/scripts", "a/scripts", "a/data/bin")),
    )


def test_a_file_in_the_way_hides_what_earlier_wheels_have_below_themselves() -> None:
    layers = [
        Layer(owner="a", mounts=(("", "a/data"), ("bin", "a/scripts"))),
        Layer(owner="b", mounts=(("", "b/data"),)),
    ]
    listing = {"a/data": {"bin": True}, "b/data": {"bin": False}}.__getitem__
    (_, scripts) = plan_view(layers, listing, short=str)
    assert scripts.layers == ("own/bin", "a/scripts")


def test_of_its_own_files_those_below_overlays_lie_above() -> None:
    view = (Overlay(at="lib/site", layers=()),)
    directories, files = own_layer(
        view,
        directories=["bin", "lib", "lib/site", "lib/site/x"],
        files=["bin/python", "lib/site/a.pth", "lib/sitecustomize"],
    )
    assert directories == ["", "lib", "lib/site", "lib/site/x"]
    assert files == ["lib/site/a.pth"]


def test_more_layers_or_options_than_linux_takes_do_not_fit() -> None:
    def of(number: int, name: str) -> tuple[Overlay, ...]:
        return (Overlay(at="", layers=(name,) * number),)

    assert fits(of(500, "12/site"))
    assert not fits(of(501, "1"))
    assert not fits(of(400, "1234/scripts"))
    assert fits(())


_files = st.dictionaries(st.sampled_from(["f", "d", "bin"]), st.none(), max_size=2)
_trees = st.recursive(
    _files,
    lambda below: st.builds(
        lambda files, folders: {**files, **folders},
        _files,
        st.dictionaries(st.sampled_from(["d", "e", "bin", "lib", "site"]), below, max_size=3),
    ),
    max_leaves=8,
)
_wheels = st.dictionaries(st.sampled_from(sorted(PLACES)), _trees, min_size=1)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), _wheels, min_size=1))
def test_the_view_shows_the_files_of_the_plan(wheels: dict[str, dict[str, Tree]]) -> None:
    layers = [
        Layer(owner=o, mounts=tuple((PLACES[s], f"{o}/{s}") for s in sorted(wheels[o])))
        for o in wheels
    ]

    def listing(path: str) -> dict[str, bool]:
        node = _at(wheels, path)
        assert node is not None
        return {name: child is not None for name, child in node.items()}

    plan = plan_farm(layers, listing)
    shown: dict[str, str] = {}
    for overlay in plan_view(layers, listing, short=str):
        at = f"{overlay.at}/" if overlay.at else ""
        shown = {path: source for path, source in shown.items() if not path.startswith(at)}
        below = {path.removeprefix(at) for path in _folders(layers) if path.startswith(at)}
        own = _nested(below)
        merged = _merged(
            [("own", own), *((each, _at(wheels, each)) for each in overlay.layers[1:])]
        )
        shown |= {at + path: source for path, source in merged.items()}
    assert shown == _linked(plan, wheels)


def _folders(layers: list[Layer]) -> set[str]:
    return {target for layer in layers for target, _ in layer.mounts}


def _nested(paths: set[str]) -> Tree:
    tree: Tree = {}
    for path in paths:
        node = tree
        for part in filter(None, path.split("/")):
            node = node.setdefault(part, {})
    return tree


def _merged(layers: list[tuple[str, Tree | None]], prefix: str = "") -> dict[str, str]:
    """Return what overlayfs shows of ``layers``, the topmost first: files, and from where."""
    found: dict[str, str] = {}
    names = {name for _, tree in layers if tree is not None for name in tree}
    for name in names:
        claims = [
            (f"{place}/{name}", tree[name]) for place, tree in layers if tree and name in tree
        ]
        folders = []
        for claim in claims:
            if claim[1] is None:
                break
            folders.append(claim)
        if folders:
            found |= _merged(folders, f"{prefix}{name}/")
        else:
            found[prefix + name] = claims[0][0]
    return found


def _linked(plan: FarmPlan, trees: Mapping[str, Any]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for link in plan.links:
        node = _at(trees, link.source)
        if node is None:
            shown[link.path] = link.source
        else:
            shown |= _merged([(link.source, node)], f"{link.path}/")
    return shown


def _at(trees: Mapping[str, Any], source: str) -> Tree | None:
    node: Any = trees
    for part in source.split("/"):
        node = node[part]
    return node  # type: ignore[no-any-return]
