"""Methods that are compiled when they are first called: as those that are compiled at once."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from park.cli.late_methods import compile_when_called

COMPILER = "_create_fn"

pytestmark = pytest.mark.skipif(
    not hasattr(dataclasses, COMPILER), reason="from 3.13 on a class is compiled as a whole"
)

RECORDS = '''
from __future__ import annotations
from dataclasses import InitVar, dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer."""

    self: str
    thickness: float = 1.0
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False)
    unit: ClassVar[str] = "nm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Magnetic(Layer):
    """A layer with a moment."""

    moment: float = 0.0


@dataclass(order=True)
class Angle:
    """An angle."""

    degrees: float
    offset: InitVar[float] = 0.0

    def __post_init__(self, offset):
        self.degrees += offset


@dataclass(slots=True, eq=False)
class Stack:
    """Layers, perhaps itself."""

    layers: list = field(default_factory=list)


@dataclass(frozen=True)
class Named:
    """With a text of its own."""

    name: str

    def __repr__(self):
        return f"<{self.name}>"
'''


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have classes made late; give the names of the methods that were compiled."""
    compiled: list[str] = []
    at_once = getattr(dataclasses, COMPILER)

    def noting(name: str, *text: Any, **more: Any) -> Any:
        compiled.append(name)
        return at_once(name, *text, **more)

    monkeypatch.setattr(dataclasses, COMPILER, noting)
    compile_when_called()
    return compiled


def records(name: str = "park.records_of_a_test") -> Any:
    """Return a module with the records, made anew."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(RECORDS, name, "exec"), vars(module))  # noqa: S102 (classes that are made anew)
    return module


@pytest.fixture(autouse=True)
def _no_records_left() -> Iterator[None]:
    yield
    for name in ("park.records_of_a_test", "records_of_others"):
        sys.modules.pop(name, None)


def refusal(call: Callable[[], object]) -> str:
    """Return the kind and the text of what ``call`` raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (whichever it is, both raise the same)
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


def told(made: Any) -> dict[str, object]:
    """Return what the records of a module do, in words and values."""
    layer = made.Layer(self="film", thickness=2.5, tags=["top"])
    stack = made.Stack()
    stack.layers.append(stack)
    return {
        "shown": [
            repr(layer),
            repr(made.Magnetic(self="iron")),
            repr(stack),
            repr(made.Named("a")),
        ],
        "defaults": [layer.note, made.Layer(self="film").tags, made.Layer.unit],
        "no shared default": made.Layer(self="a").tags is made.Layer(self="b").tags,
        "equal": [
            layer == made.Layer(self="film", thickness=2.5),
            layer == made.Layer(self="film"),
            layer == made.Magnetic(self="film", thickness=2.5),
            layer != object(),
            made.Stack() == made.Stack(),
            made.Angle(1) == made.Angle(1),
        ],
        "hashed": hash(layer) == hash(made.Layer(self="film", thickness=2.5)),
        "ordered": sorted([made.Angle(3), made.Angle(1), made.Angle(1, offset=1)])[1].degrees,
        "copied": [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))] == [layer, layer],  # noqa: S301
        "replaced": dataclasses.replace(layer, self="oxide").self,
        "fields": [each.name for each in dataclasses.fields(made.Magnetic)],
        "as values": dataclasses.asdict(made.Magnetic(self="iron")),
        "matched": made.Angle.__match_args__,
        "refused": [
            refusal(made.Layer),
            refusal(lambda: made.Layer("film")),
            refusal(lambda: made.Layer(self="film", colour="red")),
            refusal(lambda: made.Angle(1, 2, 3)),
            refusal(lambda: setattr(layer, "note", "x")),
            refusal(lambda: setattr(layer, "other", "x")),
            refusal(lambda: delattr(layer, "note")),
            refusal(lambda: hash(made.Angle(1))),
            refusal(lambda: made.Angle(1) < 1),
            refusal(lambda: hash(made.Layer(self=[]))),
        ],
    }


def test_they_do_what_methods_do_that_are_compiled_at_once(late: list[str]) -> None:
    made = records()
    assert late == []  # no method yet
    found = told(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.undo()
        assert found == told(records("records_of_others"))


def test_a_method_is_compiled_when_it_is_first_called_and_is_in_its_class_then(
    late: list[str],
) -> None:
    made = records()
    for _ in range(3):
        made.Layer(self="film")
    made.Magnetic(self="iron")
    assert late == ["__init__", "__init__"]
    assert made.Layer.__init__.__code__.co_varnames[:2] == ("__dataclass_self__", "self")
    assert made.Layer.__init__.__qualname__ == "Layer.__init__"


def test_what_inherits_a_method_has_the_compiled_one_too(late: list[str]) -> None:
    made = records()
    kind = type("Thin", (made.Angle,), {})
    assert kind(2).degrees == kind(2).degrees == 2
    assert late == ["__init__"]
    assert "__init__" not in vars(kind)
    assert made.Angle.__init__.__code__.co_varnames[1] == "degrees"


@pytest.mark.usefixtures("late")
def test_threads_that_are_first_together_all_get_their_record() -> None:
    made = records()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: made.Layer(self=str(n)).self, range(200)))
    assert found == [str(n) for n in range(200)]


def test_classes_of_others_are_compiled_at_once(late: list[str]) -> None:
    records("records_of_others")
    assert {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__"} <= set(late)


@pytest.mark.usefixtures("late")
def test_a_frozen_record_cannot_be_changed_before_anything_of_it_was_compiled() -> None:
    made = records()
    layer = object.__new__(made.Layer)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'note'"):
        layer.note = "x"


def test_it_is_the_program_that_compiles_late_and_no_import() -> None:
    program = (
        "import dataclasses; before = dataclasses._create_fn; import park, park.cli.main; "
        "assert dataclasses._create_fn is before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    park = Path(sys.executable).with_name("park")
    shown = (
        "import runpy, sys, dataclasses, atexit; sys.argv = ['park', '--version']\n"
        "before = dataclasses._create_fn\n"
        "atexit.register(lambda: print(dataclasses._create_fn is not before))\n"
        f"runpy.run_path({str(park)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", shown], check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.split()[-1] == "True"
