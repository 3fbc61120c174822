"""Start the machinery from its folder: ``python -I __main__.py ROLE ARGUMENT``.

The folder is loaded as the package ``_park_runtime`` without entering `sys.path`, so that
none of its modules can be taken for a module of the environment. The guard at the end
matters: `multiprocessing` runs this file again, under another name, in spawned workers.
"""

import sys
from importlib import util
from pathlib import Path

PACKAGE = "_park_runtime"


def load_package() -> None:
    """Make this folder importable as `PACKAGE`, beside the environment's own packages."""
    folder = Path(__file__).parent
    spec = util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None  # noqa: S101 (a file location always gives a spec)
    assert spec.loader is not None  # noqa: S101
    package = util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)


def main() -> None:
    """Become what the first argument names: a fork server, a job, or a command in a view."""
    load_package()
    # this folder's bytecode is kept; nothing else is: wheels come with theirs
    sys.dont_write_bytecode = False
    role, argument = sys.argv[1:3]
    module = {"enter": "view", "fork-server": "forkserver", "job": "fresh"}[role]
    entry = __import__(f"{PACKAGE}.{module}", fromlist=["main"])
    sys.dont_write_bytecode = True
    entry.main(argument)


if __name__ == "__main__":
    main()
