"""What the .npy format says of an array, and what it leaves out."""

from __future__ import annotations

from typing import Any

__all__ = ["is_said_by_npy"]


def is_said_by_npy(dtype: Any) -> bool:
    """Tell whether a .npy file says all of a `numpy.dtype`: it has no alignment, no metadata."""
    if dtype.metadata or dtype.isalignedstruct:
        return False
    if dtype.subdtype is not None:
        return is_said_by_npy(dtype.base)
    return all(is_said_by_npy(field[0]) for field in (dtype.fields or {}).values())
