"""The view of a farm: which folders of wheels lie over each other, and where. Pure.

What it shows is what the plan links (`farm_plan`): the environment's own files above all,
then the wheels from the last in name order to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from park_server.envs.farm.farm_plan import Layer, Listing

__all__ = ["OWN", "Overlay", "fits", "own_layer", "plan_view", "view_document"]

OWN = "own"
"""The folder, beside the short ways to wheels, of what lies above all wheels."""

_MAX_LAYERS = 500
"""``OVL_MAX_STACK`` of Linux (fs/overlayfs/params.h)."""

_MAX_OPTIONS_BYTES = 4095
"""mount(2) takes one page of options, the closing null included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlay:
    """Folders over each other ``at`` a folder of the environment, the topmost first."""

    at: str
    layers: tuple[str, ...]


def plan_view(
    layers: Iterable[Layer], listing: Listing, short: Callable[[str], str]
) -> tuple[Overlay, ...]:
    """Return the overlays in the order in which they are mounted: outer ones first.

    ``short`` gives the way to a folder of the store, relative to where the layers are named.
    """
    mounts = [
        mount for layer in sorted(layers, key=lambda layer: layer.owner) for mount in layer.mounts
    ]
    places = {target for target, _ in mounts}
    return tuple(
        Overlay(
            at=place,
            layers=(
                f"{OWN}/{place}".rstrip("/"),
                *(short(folder) for folder in reversed(_folders_at(place, mounts, listing))),
            ),
        )
        for place in sorted(places)  # an outer one before what is below it
    )


def own_layer(
    view: Sequence[Overlay], *, directories: Iterable[str], files: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return which of the environment's own directories and files lie above all wheels.

    That is what is below an overlay; each directory comes before what it holds.
    """
    places = [each.at for each in view]

    def is_below(path: str) -> bool:
        return any(not at or path == at or path.startswith(f"{at}/") for at in places)

    wanted = {"", *places, *filter(is_below, directories)}
    whole = {
        "/".join(path.split("/")[:end]) for path in wanted for end in range(path.count("/") + 2)
    }
    return sorted(whole), [path for path in files if is_below(path)]


def fits(view: Sequence[Overlay]) -> bool:
    """Tell whether Linux mounts ``view``: it takes so many layers, and so many bytes, at once."""
    return all(
        len(each.layers) <= _MAX_LAYERS
        and len(f"lowerdir={':'.join(each.layers)}".encode()) <= _MAX_OPTIONS_BYTES
        for each in view
    )


def view_document(view: Sequence[Overlay]) -> bytes:
    """Return the content of the environment's file that `park.runtime.view` reads."""
    return "".join(f"{each.at}\t{':'.join(each.layers)}\n" for each in view).encode()


def _folders_at(place: str, mounts: list[tuple[str, str]], listing: Listing) -> list[str]:
    """Return the folders whose content goes to ``place``: also what one mount has below itself.

    A file there, or on the way there, hides what earlier mounts have below themselves.
    """
    found: list[tuple[str, bool]] = []
    for target, source in mounts:
        prefix = f"{target}/" if target else ""
        if target == place:
            found.append((source, True))
        elif place.startswith(prefix):
            below, is_folder = _beneath(source, place.removeprefix(prefix), listing)
            if is_folder:
                found.append((below, False))
            elif below:
                found = [each for each in found if each[1]]
    return [folder for folder, _ in found]


def _beneath(source: str, path: str, listing: Listing) -> tuple[str, bool]:
    """Return the folder ``source/path``, or the file in its way, and whether it is a folder.

    The path is empty where there is neither.
    """
    for part in path.split("/"):
        is_folder = listing(source).get(part)
        if is_folder is None:
            return "", False
        source = f"{source}/{part}"
        if not is_folder:
            return source, False
    return source, True
