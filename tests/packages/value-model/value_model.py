# Written as a scientist would.
# ruff: noqa: ANN001, ANN201
"""Jobs whose values only Python can hold."""

from collections import OrderedDict
from decimal import Decimal
from enum import Enum

import numpy as np

import park


class Method(Enum):
    """How to fit."""

    DREAM = "dream"


VALUES = {
    "decimal": Decimal("1.5"),
    "ordered": OrderedDict(b=1, a=2),
    "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
    "objects": np.array([1, "two", None], dtype=object),
    "enum": Method.DREAM,
    "inside": {"found": [Decimal(2)], "and": (range(3),)},
    "array": np.arange(4.0),
    "strange": [float("nan"), "nan", 1 + 2j, b"ab"],
}


@park.job
def value(kind):
    """Return one of them."""
    return VALUES[kind]


@park.job
def kinds(*values):
    """Return the types of what came."""
    return [type(value).__name__ for value in values]
