"""Start the machinery from its folder: ``python -I __main__.py ROLE ARGUMENT``.

The folder is loaded as the package ``_park_runtime`` without entering `sys.path`, so that
none of its modules can be taken for a module of the environment. The guard at the end
matters: `multiprocessing` runs this file again, under another name, in spawned workers.
"""

import os.path
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

PACKAGE = "_park_runtime"

_MODULES = {
    "batch": "node.batch",
    "debug": "node.debugged",
    "enter": "view",
    "fork-server": "forkserver",
    "job": "fresh",
    "trial": "cage.trial",
}


def load_package() -> None:
    """Make this folder importable as `PACKAGE`, beside the environment's own packages.

    Without `importlib.util` and `pathlib`, which take longer than all that `view` does.
    """
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    loader = SourceFileLoader(PACKAGE, f"{folder}/__init__.py")
    package = type(sys)(PACKAGE)
    package.__spec__ = ModuleSpec(PACKAGE, loader, origin=loader.path, is_package=True)
    package.__path__ = [folder]
    package.__file__ = loader.path
    sys.modules[PACKAGE] = package
    loader.exec_module(package)


def main() -> None:
    """Become what the first argument names: a fork server, a job, a command, a call to debug."""
    load_package()
    # this folder's bytecode is kept; nothing else is: wheels come with theirs
    sys.dont_write_bytecode = False
    role, argument = sys.argv[1:3]
    module = _MODULES[role]
    entry = __import__(f"{PACKAGE}.{module}", fromlist=["main"])
    sys.dont_write_bytecode = True
    entry.main(argument)


if __name__ == "__main__":
    main()
