"""A script with all kinds of functions and classes; run, it writes each of them as a pickle.

``python script_cases.py FOLDER``: one file for each case, and what the call returns here.
"""

from __future__ import annotations

import abc
import asyncio
import collections
import contextlib
import ctypes
import dataclasses
import enum
import functools
import json
import sys
import typing
import weakref
import xml.dom
import xml.dom.minidom
from pathlib import Path
from typing import Any

import park
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called

TABLE = {"a": [1, 2], "b": {3, 1, 2}}
LEVELS = frozenset({"low", "high", "middle"})
MISSING = object()


def square(x: int) -> int:
    return x * x


def uses_a_global(key: str, default: object = MISSING) -> object:
    return TABLE.get(key, "none" if default is MISSING else default)


def even(n: int) -> bool:
    return n == 0 or odd(n - 1)


def odd(n: int) -> bool:
    return n != 0 and even(n - 1)


@functools.lru_cache
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def nested(depth: int) -> Any:
    offset = 3

    def inner(n: int) -> int:
        return offset if n == 0 else inner(n - 1) + 1

    return inner(depth)


def counter() -> tuple[Any, Any]:
    count = 0

    def increase() -> int:
        nonlocal count
        count += 1
        return count

    def value() -> int:
        return count

    return increase, value


increase, value = counter()


def shares_a_variable() -> list[int]:
    return [value(), increase(), increase(), value()]


calls = 0


def writes_a_global() -> int:
    global calls  # noqa: PLW0603 (what is tested)
    calls += 1
    return calls


def with_defaults(a: int, b: int = 2, *rest: int, c: int = 4, **more: int) -> list[int]:
    return [a, b, *rest, c, *more.values()]


def traced(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return [function.__name__, function(*args)]

    return wrapper


@traced
def decorated(x: int) -> int:
    return square(x)


@park.job(timeout=5, retries=2)
def marked(n: int) -> int:
    return n if n < 1 else marked(n - 1) + 1


@contextlib.contextmanager
def raised(by: int) -> Any:
    yield by + 1


def manages(x: int) -> int:
    with raised(x) as more:
        return int(more)


async def waits(x: int) -> int:
    await asyncio.sleep(0)
    return square(x)


def runs_a_coroutine(x: int) -> int:
    return asyncio.run(waits(x))


def generates(n: int) -> list[int]:
    return list(numbers(n))


def numbers(n: int) -> Any:
    yield from range(n)


def imports_inside(x: float) -> str:
    import fractions

    return str(fractions.Fraction(x))


def reaches_a_submodule() -> str:
    return str(xml.dom.minidom.parseString("<a/>").documentElement.tagName)  # type: ignore[union-attr]  # noqa: S318 (as scripts do)


@functools.singledispatch
def described(x: object) -> str:
    return f"object {x}"


@described.register
def _(x: int) -> str:
    return f"int {x}"


class Shape(abc.ABC):
    sides = 0

    @abc.abstractmethod
    def area(self) -> float: ...

    def doubled(self) -> Square:
        return Square(self.area())

    @property
    def name(self) -> str:
        return type(self).__name__

    @classmethod
    def of(cls, size: float) -> Shape:
        return cls(size)  # type: ignore[call-arg]

    @staticmethod
    def half(x: float) -> float:
        return x / 2

    @functools.cached_property
    def kept(self) -> float:
        return self.area() + 1


class Square(Shape):
    sides = 4

    def __init__(self, size: float) -> None:
        super().__init__()
        self.size = size

    def area(self) -> float:
        return self.size**2

    def __call__(self, factor: float) -> float:
        return self.area() * factor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Square) and other.size == self.size

    __hash__ = None  # type: ignore[assignment]


class Slotted:
    __slots__ = ("__hidden", "open")

    def __init__(self) -> None:
        self.open, self.__hidden = 1, 2

    def both(self) -> list[int]:
        return [self.open, self.__hidden]


class Counted:
    made: typing.ClassVar[list[str]] = []

    def __init_subclass__(cls, *, key: str) -> None:
        cls.made.append(f"{key} {cls.__name__}")


class One(Counted, key="first"):
    pass


class Meta(type):
    def __new__(cls, name: str, bases: Any, body: Any, **more: Any) -> Any:
        return super().__new__(cls, name, bases, {**body, "made_by": "Meta"}, **more)

    @property
    def shout(cls) -> str:
        return cls.__name__.upper()


class Made(metaclass=Meta):
    pass


@dataclasses.dataclass(order=True)
class Layer:
    name: str
    thickness: float = 1.0
    inner: list[Layer] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    x: int
    y: int = 2


class Color(enum.Enum):
    RED = 1
    BLUE = 2
    CRIMSON = 1  # noqa: PIE796 (another name of the same)

    @property
    def nice(self) -> str:
        return self.name.lower()


class Planet(enum.Enum):
    EARTH = (5.9, 6.3)

    def __init__(self, mass: float, radius: float) -> None:
        self.mass, self.radius = mass, radius


class Bits(enum.IntFlag):
    A = enum.auto()
    B = enum.auto()


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 (as scripts have it)


class Pair(typing.NamedTuple):
    left: int
    right: int = 7


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, content: T) -> None:
        self.content = content


class Settings(typing.TypedDict):
    steps: int


Meters = typing.NewType("Meters", float)


class Outer:
    class Inner:
        def found(self) -> str:
            return Outer.Inner.__qualname__


class Problem(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


def raises_its_own() -> str:
    try:
        raise Problem(3)  # noqa: TRY301 (so short a script)
    except Problem as problem:
        return f"{problem} {problem.code}"


def made_of_shapes() -> list[Any]:
    square: Any = Square.of(3.0)
    return [
        square.area(),
        square.doubled().area(),
        square.name,
        Shape.half(3),
        square.kept,
        square(2),
        square == Square(3),
        isinstance(square, Shape),
        sorted(Shape.__abstractmethods__),
    ]


def cannot_be_made() -> str:
    try:
        Shape()  # type: ignore[abstract]
    except TypeError:
        return "abstract"
    return "made"


def made_of_data() -> list[Any]:
    fields = {each.name: each.default for each in dataclasses.fields(Layer)}
    return [
        str(Layer("a", 2, [Layer("b")])),
        Layer("a") < Layer("b"),
        dataclasses.asdict(dataclasses.replace(Layer("a"), thickness=3)),
        fields["name"] is dataclasses.MISSING,
        str(Frozen(x=1)),
        len(dataclasses.fields(dataclasses.make_dataclass("More", [], bases=(Layer,)))),
    ]


def made_of_members() -> list[Any]:
    return [
        Color.RED.nice,
        Color(2).name,
        Color["CRIMSON"] is Color.RED,
        Planet.EARTH.mass,
        int(Bits.A | Bits.B),
        [each.name for each in Color],
    ]


def made_of_tuples() -> list[Any]:
    settings: Settings = {"steps": 3}
    return [
        Point(1, 2).x,
        Pair(1),
        Box[int](3).content,
        Settings(steps=4),
        settings,
        Meters(2.0),
        typing.get_type_hints(Pair),
        typing.get_type_hints(Layer.__init__)["name"],
    ]


def made_of_classes() -> list[Any]:
    return [
        Slotted().both(),
        Counted.made,
        Made.made_by,  # type: ignore[attr-defined]
        Made.shout,
        Outer.Inner().found(),
        One.__mro__[1].__name__,
    ]


class Packed(ctypes.Structure):
    _fields_: typing.ClassVar[Any] = [("mark", ctypes.c_char), ("layer", ctypes.c_int)]
    _pack_ = 1


class Swapped(ctypes.BigEndianStructure):
    _fields_: typing.ClassVar[Any] = [("value", ctypes.c_uint16), ("of", ctypes.c_uint16 * 2)]


class Linked(ctypes.Structure):
    pass


Linked._fields_ = [("following", ctypes.POINTER(Linked)), ("value", ctypes.c_double)]
Triple = ctypes.c_int * 3
Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


def made_of_c_types() -> list[Any]:
    last = Linked(value=2.5)
    return [
        [Packed(layer=3).layer, ctypes.sizeof(Packed)],
        list(bytes(Swapped(1))),
        Linked(ctypes.pointer(last), 1.0).following.contents.value,
        list(Triple(1, 2, 3)),
        Callback(lambda x: x + 1)(1),
    ]


def local_class() -> Any:
    class Local(Square):
        def area(self) -> float:
            return super().area() + 1

    return Local(2.0)


known = weakref.WeakValueDictionary()  # type: ignore[var-annotated]


def looks_weakly() -> int:
    return len(known)


def sets_in_order() -> list[str]:
    return sorted(LEVELS)


def prints() -> str:
    print("printed", file=OUT)
    return "printed"


OUT = sys.stdout

namespace: dict[str, Any] = {"base": 5, "__name__": "made"}
exec("def from_text(x):\n    return base + x\n", namespace)  # noqa: S102 (what is tested)

CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "function": (square, (3,)),
    "lambda": (lambda x: square(x) + 1, (3,)),
    "global": (uses_a_global, ("a",)),
    "default": (uses_a_global, ("none",)),
    "recursion": (fibonacci, (10,)),
    "mutual": (even, (10,)),
    "nested": (nested, (3,)),
    "shared": (shares_a_variable, ()),
    "written": (writes_a_global, ()),
    "defaults": (with_defaults, (1, 2, 3)),
    "decorated": (decorated, (3,)),
    "marked": (marked, (3,)),
    "manager": (manages, (3,)),
    "coroutine": (runs_a_coroutine, (3,)),
    "generator": (generates, (3,)),
    "import": (imports_inside, (0.5,)),
    "submodule": (reaches_a_submodule, ()),
    "dispatch": (described, (3,)),
    "dispatch-base": (described, ("x",)),
    "partial": (functools.partial(with_defaults, 5, c=9), (6,)),
    "method": (Square(3.0).area, ()),
    "class-method": (Square.of, (2.0,)),
    "instance": (Square(3.0), (2.0,)),
    "class": (Layer, ("film",)),
    "shapes": (made_of_shapes, ()),
    "abstract": (cannot_be_made, ()),
    "dataclasses": (made_of_data, ()),
    "enumerations": (made_of_members, ()),
    "tuples": (made_of_tuples, ()),
    "classes": (made_of_classes, ()),
    "c-types": (made_of_c_types, ()),
    "exception": (raises_its_own, ()),
    "local-class": (local_class().area, ()),
    "weak": (looks_weakly, ()),
    "sets": (sets_in_order, ()),
    "stream": (prints, ()),
    "text": (namespace["from_text"], (3,)),
    "builtin": (len, ([1, 2],)),
    "of-a-module": (json.dumps, ({"a": 1},)),
}


def main(folder: Path) -> None:
    """Write all cases, and what their calls return."""
    expected = {}
    for name, (function, args) in CASES.items():
        sending = Sending(ModuleWays())
        what = called(function, sending)
        case = {"function": what.function, "places": sending.places, "args": args}
        (folder / f"{name}.json").write_text(json.dumps(case | {"name": str(what.entry_point)}))
    for name, (function, args) in CASES.items():
        expected[name] = repr(function(*args))
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
