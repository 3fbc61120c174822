"""What the call of a job means here: a plain call, or a submission to a service.

It is a submission where a service is named (``service=``), or in a block of one
(``with service:``). Inside a job's environment there is no client, so no service either,
and every call is plain. Nothing outside the standard library is imported here.
"""

from __future__ import annotations

import sys

from park.blocks import current_block, not_in_doubt

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Caller(Protocol):
        """Where calls go: a service."""

        def called(
            self,
            function: Callable[..., Any],
            args: tuple[Any, ...],
            kwargs: dict[str, Any],
            said: dict[str, Any],
        ) -> Any:
            """Submit the call; ``said`` are the keywords that park took."""


__all__ = [
    "KEYWORDS",
    "RESOURCES",
    "asked_and_named",
    "called",
    "current_service",
    "own_words",
    "parameters",
    "positional_parameters",
    "service_named",
]

RESOURCES = frozenset(
    {
        *("cpus", "memory", "gpus", "nodes", "walltime"),
        *("partition", "account", "licenses", "extra", "engine", "reuse"),
    }
)
"""What a job asks of machines: the keywords of `park.model.asked.resources`, which no job has."""

KEYWORDS = RESOURCES | {
    *("service", "when", "retries", "backoff", "timeout", "stalled_after", "label", "memo"),
    "with_",
}
"""What park takes of a call's keywords; see `own_words`."""

_TAKES_ANY_KEYWORD = 0x08  # inspect.CO_VARKEYWORDS


def current_service() -> Any:
    """Return the service of the innermost block, or None outside of any."""
    block = current_block()
    return None if block is None else block.service


def service_named(service: Any) -> Any:
    """Return the service of a call: ``service`` (one, or its name or URL), else the block's.

    Raises `UsageError` for anything else, and where it is not known whether this is in a block.
    """
    if service is None:
        not_in_doubt()
        return current_service()
    if isinstance(service, str):
        import importlib  # by its public name: the client is above, and in a job there is none

        return importlib.import_module("park").remote_service(service)
    if not hasattr(service, "called"):
        from park.errors import UsageError

        raise UsageError(
            f"service={service!r}: it is a service, or its name or URL",
            hint="park.remote_service(name) is one",
        )
    return service


def called(
    function: Callable[..., Any],
    declared: frozenset[str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    plain: Callable[..., Any],
) -> Any:
    """Submit the call of a job where there is a service for it, else call ``plain``.

    ``declared`` are the function's `own_words`. Raises `UsageError`
    for a condition where nothing waits for it.
    """
    said = {name: kwargs.pop(name) for name in KEYWORDS - declared if name in kwargs}
    service: Caller | None = service_named(said.pop("service", None))
    if service is not None:
        return service.called(*_as_imported(function, args), kwargs, said)
    if said.get("when") is not None:
        from park.errors import UsageError

        name = f"{function.__module__}.{function.__qualname__}"
        raise UsageError(
            f"{name}(when=…): a condition, and no service that could wait for it",
            hint="call it in the block of a service, or with service=…",
        )
    return plain(*args, **kwargs)


def _as_imported(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return what is called and with what: a class method is bound to its class there as well."""
    if not args or not isinstance(args[0], type):
        return function, args
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    is_bound = getattr(found, "__func__", None) is function and found.__self__ is args[0]
    return (found, args[1:]) if is_bound else (function, args)


def own_words(function: Any) -> frozenset[str]:
    """Return those of `KEYWORDS` that belong to the function itself: it declares them.

    Those of `RESOURCES` do so as well where it takes any keyword (``**options``): they are words
    that a model may use for something else.
    """
    declared = KEYWORDS.intersection(parameters(function))
    code, _ = _code(function)
    return declared | RESOURCES if code and code.co_flags & _TAKES_ANY_KEYWORD else declared


def asked_and_named(function: Any, kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what ``kwargs`` ask of machines, and what is left for ``function``.

    Of an entry point nobody knows the parameters: `RESOURCES` are park's there.
    """
    taken = RESOURCES if isinstance(function, str) else RESOURCES - own_words(function)
    asked = {name: value for name, value in kwargs.items() if name in taken}
    return asked, {name: value for name, value in kwargs.items() if name not in taken}


def parameters(function: Any) -> tuple[str, ...]:
    """Return the names of the parameters of a function or a class, positional ones first.

    What is not written in Python has none that are known.
    """
    code, bound = _code(function)
    count = code.co_argcount + code.co_kwonlyargcount if code else 0
    return tuple(code.co_varnames[bound:count]) if code else ()


def positional_parameters(function: Any) -> tuple[str, ...]:
    """Return the names of those that can be given by position as well as by name.

    None where the first of them can only be given by position, or the names are not known.
    """
    code, bound = _code(function)
    if code is None or code.co_posonlyargcount > bound:
        return ()
    return tuple(code.co_varnames[bound : code.co_argcount])


def _code(function: Any) -> tuple[Any, int]:
    """Return what has the parameters, or None, and how many of them a call does not give."""
    bound = int(isinstance(getattr(function, "__self__", None), type))  # a class method's class
    if isinstance(function, type):
        cls: Any = function
        function = cls.__new__ if cls.__init__ is object.__init__ else cls.__init__
        bound = 1
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return getattr(function, "__code__", None), bound
