"""What references answer to Python's and numpy's operators: the value, a condition, or a refusal.

What asks for a value gets it (`float`, `numpy.asarray`): it waits. What would make another value
that nobody could refer to (arithmetic, a slice) is refused with what to do.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from park.blocks import current_block
from park.client.submission.recorder import current_recorder
from park.errors import UsageError

__all__ = [
    "AS_IT_IS",
    "AsArray",
    "NoText",
    "NotItsValue",
    "Unknown",
    "refuse_in_definition",
    "shown_key",
]


AS_IT_IS = (
    "pass the reference itself as an argument, and make paths and texts of it in the job; "
    ".get() waits for it"
)


def refuse_in_definition(reference: object, what: str, instead: str) -> None:
    """Raise `UsageError` in the block of a service, or in a plan: there a workflow is written.

    A text or a path that is made of ``reference`` there would be of this machine, and the job
    that gets it would not depend on anything.
    """
    if current_block() is not None or current_recorder() is not None:
        raise UsageError(f"{what} of {reference!r} in the block of a service", hint=instead)


class AsArray:
    """Whatever numpy is asked to do with it, it does with the value; waits for that."""

    __slots__ = ()

    _NUMBERS = "fiub"
    """Kinds of numbers that numpy may have of it. It asks for an array of each item of a list as
    well, and what has no dimension it then takes from the item itself by other means (`float`,
    `bool`, the object as it is): what these do not give would be another value without a word."""

    def _known(self) -> Any:
        """Wait for the value and return it."""
        raise NotImplementedError

    def _refuse(self, what: str) -> NoReturn:
        """Raise `TypeError`: it is not ``what``."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:  # noqa: FBT001 (numpy's)
        import numpy as np  # type: ignore[import-not-found,unused-ignore]

        value = self._known()
        array = np.array(value, dtype=dtype) if copy else np.asarray(value, dtype=dtype)
        if not array.ndim and array.dtype.kind not in self._NUMBERS:
            self._refuse("an array")
        return array

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        del types
        return function(*_known(args), **_known(kwargs))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        compare = _COMPARISONS.get(ufunc.__name__)
        if compare is not None and method == "__call__" and len(inputs) == 2:  # noqa: PLR2004 (both sides)
            sides = [_plain(each) for each in inputs]
            if all(isinstance(side, AsArray) or not hasattr(side, "shape") for side in sides):
                return compare(*sides)  # a condition, as with a number of Python
        return getattr(ufunc, method)(*_known(inputs), **_known(kwargs))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python; anything else as it is."""
    is_array = not isinstance(value, AsArray) and getattr(value, "shape", None) == ()
    return value.item() if is_array else value


def _known(value: Any) -> Any:
    """Return ``value`` with what references in it stand for."""
    if isinstance(value, AsArray):
        return value._known()  # noqa: SLF001 (its own kind)
    if isinstance(value, (list, tuple)):
        return type(value)(_known(each) for each in value)
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    return value


class Unknown(AsArray):
    """What is not known yet: no arithmetic, length or items before `get`."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            self._refuse(f".{name} = …")
        super().__setattr__(name, value)

    def _refuse(self, what: str, instead: str = "do it in the job, or in another one") -> NoReturn:
        raise TypeError(
            f"{what} of {self!r}: it is not known yet; {instead}, or use .get() to wait for it"
        )

    def __len__(self) -> int:  # noqa: PLE0303 (there is no length yet)
        self._refuse("the length")

    def __iter__(self) -> Any:
        self._refuse("the items", "name each: [0], [1]")

    def __reversed__(self) -> Any:
        self._refuse("the items")

    def __contains__(self, item: object) -> bool:
        self._refuse(f"{item!r} in the items")

    def __index__(self) -> int:  # noqa: PLE0305 (there is no number yet)
        self._refuse("an index", "int() waits for it")

    def __call__(self, *_: object, **__: object) -> Any:
        """Refuse to be called: there is no method yet (`TypeError`)."""
        self._refuse("a call", "call it in the job, or in another one")

    def __bytes__(self) -> bytes:  # noqa: PLE0308 (there are none yet)
        self._refuse("the bytes")

    def __setitem__(self, key: object, value: object) -> None:
        self._refuse(f"[{key!r}] = …")

    def __delitem__(self, key: object) -> None:
        self._refuse(f"del [{key!r}]")


class NoText:
    """A file or a URL that is not known yet: it is no text, and no path, that has parts."""

    __slots__ = ()

    def _refuse_use(self, what: str) -> NoReturn:
        raise TypeError(f"{what} of {self!r}, which is no text here: {AS_IT_IS}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, os.PathLike)) and not isinstance(other, NoText):
            self._refuse_use(f"a comparison with {other!r}")
        return self is other

    __hash__ = object.__hash__

    def __iter__(self) -> Any:
        self._refuse_use("the items")

    def __contains__(self, item: object) -> bool:
        self._refuse_use(f"{item!r} in the text")

    def __getitem__(self, key: object) -> Any:
        self._refuse_use(shown_key(key))

    def __len__(self) -> int:  # noqa: PLE0303 (there is no length)
        self._refuse_use("the length")

    def __bool__(self) -> bool:
        return True  # there is one: its length is not asked

    def __array__(self, *_: object, **__: object) -> NoReturn:
        """Refuse to be an item of an array (`TypeError`), where no service would see it."""
        self._refuse_use("an array")

    def __getattr__(self, name: str) -> Any:
        said = f"{type(self).__name__!r} object has no attribute {name!r}"
        # protocols of Python and others ask for those with an underscore
        raise AttributeError(
            said if name.startswith("_") else f"{said}: {self!r} is no text here: {AS_IT_IS}"
        )

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):  # `urllib.request.urlopen` takes it for a request
            self._refuse_use(f".{name} = …")
        super().__setattr__(name, value)


def _no_text(name: str) -> Callable[..., Any]:
    def refused(self: NoText, *_: object) -> Any:
        self._refuse_use(f"arithmetic ({name})")

    return refused


for _name in ("add", "truediv", "mod", "mul"):
    setattr(NoText, f"__{_name}__", _no_text(_name))
    setattr(NoText, f"__r{_name}__", _no_text(_name))


class NotItsValue(AsArray):
    """A job: not what it returns, which has a name of its own in other calls, and here.

    numpy alone takes it for that (`AsArray`): an array of jobs is of no use to anybody.
    """

    __slots__ = ()

    _NUMBERS = ""  # `bool` of it is true, whatever it returns

    def _refuse(self, what: str, part: str = "") -> NoReturn:
        raise TypeError(self._not_its_value(what, part))

    def _not_its_value(self, what: str, part: str = "") -> str:
        return (
            f"{what} of {self!r}, which is not what it returns: job.output{part} stands for that "
            f"in other calls, job.result(){part} waits for it"
        )

    def __bool__(self) -> bool:
        return True  # there is one: its length is not asked

    def __len__(self) -> int:  # noqa: PLE0303 (there is no length)
        self._refuse("the length")

    def __contains__(self, item: object) -> bool:
        self._refuse(f"{item!r} in the items")

    def __call__(self, *_: object, **__: object) -> Any:
        """Refuse to be called: a job is called already (`TypeError`)."""
        self._refuse("a call")

    def __getitem__(self, key: object) -> Any:
        part = shown_key(key)
        self._refuse(part, part)

    def __index__(self) -> int:  # noqa: PLE0305 (there is no number)
        self._refuse("an index")

    def __float__(self) -> float:
        self._refuse("the number")

    def __int__(self) -> int:
        self._refuse("the number")

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse(f"the text {spec!r}")
        return str(self)

    def __lt__(self, other: object) -> Any:
        self._refuse_comparison("<", other)

    def __le__(self, other: object) -> Any:
        self._refuse_comparison("<=", other)

    def __gt__(self, other: object) -> Any:
        self._refuse_comparison(">", other)

    def __ge__(self, other: object) -> Any:
        self._refuse_comparison(">=", other)

    def _refuse_plain(self, sign: str, other: object) -> None:
        """Refuse to be compared with a value: it would be false, whatever the job returns."""
        if isinstance(other, _VALUES) or _is_of_numpy(other):
            self._refuse_comparison(sign, other)

    def _refuse_comparison(self, sign: str, other: object) -> NoReturn:
        raise TypeError(
            f"{self!r} {sign} {other!r}: a job is not what it returns; job.output {sign} … is a "
            "condition, and job.result() waits for the value"
        )

    if not TYPE_CHECKING:  # whose users' checkers know what a job has

        def __iter__(self) -> NoReturn:
            self._refuse("the items", "[0]")

        def __fspath__(self) -> NoReturn:
            # no TypeError, which pathlib puts its own in the place of (Python 3.13)
            raise UsageError(
                f"the path of {self!r}, which is no file",
                hint="job.filename stands for the one that it leaves in other calls, and"
                " open(job.filename) waits for it",
            )

        def __getattr__(self, name: str) -> NoReturn:
            said = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in _ELSEWHERE:
                said = f"{said}; it is .{_ELSEWHERE[name]}"
            elif not name.startswith("_"):  # protocols of Python and others ask for those
                said = self._not_its_value(f"{said}: .{name}", f".{name}")
            raise AttributeError(said, name=name, obj=self)


_ELSEWHERE = {
    "get": "result()",  # multiprocessing, ray
    "value": "result()",
    "compute": "result()",  # dask
    "exception": "error",  # concurrent.futures
    "done": "isfinished.now",
    "running": "isstarted.now",
    "state": "status",  # celery
    "ready": "isfinished.now",
    "stdout": "logs()",
    "stderr": "logs()",
    "file": "filename",
}
"""What other libraries, whose words one types, call what a job has."""

_VALUES = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)


def shown_key(key: object) -> str:
    """Return what stands behind a value for its part ``key``, as it was typed."""
    keys = key if isinstance(key, tuple) and key else (key,)
    return f"[{', '.join(map(_shown_index, keys))}]"


def _shown_index(key: object) -> str:
    if not isinstance(key, slice):
        return "..." if key is ... else repr(key)
    ends = ["" if each is None else repr(each) for each in (key.start, key.stop, key.step)]
    return ":".join(ends if ends[2] else ends[:2])


def _refusal(name: str) -> Callable[..., Any]:
    act = _OPERATORS[name]

    def refused(self: Unknown | NotItsValue, *others: object) -> Any:
        if not (others and _is_of_numpy(others[0])):
            self._refuse(f"arithmetic ({name})")
        return act(self._known(), others[0])  # as where the array stands on the left

    return refused


def _is_of_numpy(value: object) -> bool:
    return hasattr(type(value), "__array_ufunc__") and not isinstance(value, AsArray)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    **{
        name: getattr(operator, name)
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
    },
    "divmod": divmod,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
}


def _reflected(name: str) -> Callable[..., Any]:
    def refused(self: Unknown | NotItsValue, *_: object) -> Any:
        self._refuse(f"arithmetic ({name})")

    return refused


for _name in _OPERATORS:
    setattr(Unknown, f"__{_name}__", _refusal(_name))
    setattr(Unknown, f"__r{_name}__", _reflected(_name))
for _name in _OPERATORS.keys() - {"and", "or"}:  # with those jobs make a condition
    setattr(NotItsValue, f"__{_name}__", _refusal(_name))
    setattr(NotItsValue, f"__r{_name}__", _reflected(_name))
for _name in ("neg", "pos", "abs", "invert", "round"):
    setattr(Unknown, f"__{_name}__", _reflected(_name))
    setattr(NotItsValue, f"__{_name}__", _reflected(_name))
