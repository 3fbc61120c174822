"""Modules that a reloader has brought up to date in place: same module, same spec, new code.

`importlib.reload` makes a module's spec anew, so that a reload is seen. IPython 9's autoreload
imports nothing where it can do without: it gives old functions their new code, and sets what is
assigned. It keeps the time of the file that it has read; that alone is no proof, for it takes
down the times of modules too that were edited before it was switched on. So what the module has
is held against its file as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from park.runtime.by_value.code import nested_in

__all__ = ["is_patched_in_place"]


def is_patched_in_place(module: ModuleType, file: Path, functions: Iterable[FunctionType]) -> bool:
    """Tell whether a reloader of this session gave ``module`` what its ``file`` says now.

    ``functions`` are the module's own.
    """
    return _is_read(module.__name__, file) and _is_as_written(module, file, functions)


def _is_read(name: str, file: Path) -> bool:
    """Tell whether IPython's autoreload says that it has read ``file`` as it is now."""
    try:
        shell = sys.modules["IPython"].get_ipython()
        reloader: Any = shell.magics_manager.registry["AutoreloadMagics"]._reloader  # noqa: SLF001
        edited = file.stat().st_mtime
        return bool(
            reloader.modules_mtimes.get(name) == edited
            and reloader.failed.get(str(file)) != edited
            and name not in reloader.skip_modules
        )
    except Exception:  # noqa: BLE001 (not loaded, not IPython, or another version of it)
        return False


def _is_as_written(module: ModuleType, file: Path, functions: Iterable[FunctionType]) -> bool:
    """Tell whether functions and plain values of ``module`` are those that ``file`` writes.

    Lines are not compared: the code was compiled by itself.
    """
    try:
        tree = ast.parse(file.read_bytes())
        code = compile(tree, str(file), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return False
    written = {_steps(each) for each in nested_in(code)}
    return all(_steps(each.__code__) in written for each in functions) and all(
        repr(vars(module).get(name)) == repr(value) for name, value in _plain_values(tree).items()
    )


def _steps(code: CodeType) -> tuple[Any, ...]:
    """Return what ``code`` does, wherever it stands."""
    constants = tuple(
        _steps(each) if isinstance(each, CodeType) else (type(each), repr(each))
        for each in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _plain_values(tree: ast.Module) -> dict[str, Any]:
    """Return the values of the names to which a module's own lines assign a literal at the end."""
    values: dict[str, Any] = {}
    for line in tree.body:
        if not isinstance(line, ast.Assign | ast.AnnAssign):
            continue
        targets = line.targets if isinstance(line, ast.Assign) else [line.target]
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            values.pop(target.id, None)
            try:
                values[target.id] = ast.literal_eval(line.value) if line.value else None
            except (ValueError, TypeError, SyntaxError):
                continue
    return values
