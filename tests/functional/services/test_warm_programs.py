"""Programs of tests that are forked are those that an interpreter of their own would run."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv, uv_install

if TYPE_CHECKING:
    from pathlib import Path

SEEN = """
import atexit, json, os, sys, warnings
main = sys.modules["__main__"]
print(json.dumps({
    "words": sys.argv, "orig": os.path.basename(sys.executable), "prefix": sys.prefix,
    "path": sys.path, "warned": sys.warnoptions, "filters": repr(warnings.filters[:1]),
    "main": [main.__name__, main.__dict__ is globals(), sorted(set(vars(main)) - {"__spec__",
        "__loader__", "__doc__", "__package__"})],
    "folder": os.getcwd(), "variable": os.environ["PARK_STATE_DIR"], "session": os.getsid(0),
    "finders": len(sys.meta_path), "models": "light_model" in sys.modules,
    "streams": [sys.stdout.isatty(), sys.stdout.encoding, os.read(0, 1).decode()],
    "bytecode": sys.dont_write_bytecode,
}))
atexit.register(lambda: print("at exit", file=sys.stderr))
"""

ENDS = {
    "with a status": "import sys; sys.exit(5)",
    "with a word": "import sys; sys.exit('a word')",
    "with an error": "def f():\n    1 / 0\nf()",
    "unreadable": "def",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "with a thread": "import threading; threading.Thread(target=print, args=['late']).start()",
    "warned": "import warnings; warnings.warn('strict')",
    "without output": "import os; os._exit(3)",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Give a client that asks no service, and whose model is installed."""
    folder = tmp_path_factory.mktemp("warm")
    model = ModelTree("light-model", folder)
    python = make_virtualenv(folder / "venv", "sortedcontainers")
    model.install(python)
    return Client(python=python, folder=folder, cache=folder, state=folder / "s", variables={})


def of_both(client: Client, *words: str | Path) -> list[tuple[int, str, str]]:
    """Return status, stdout and stderr of ``words`` warm and cold."""
    found = (each._run(*words) for each in (client, client.cold()))
    return [(done.returncode, done.stdout, done.stderr) for done in found]


@pytest.mark.parametrize("options", [(), ("-W", "error")])
def test_a_text_and_a_script_see_what_they_would(
    client: Client, tmp_path: Path, options: tuple[str, ...]
) -> None:
    script = tmp_path / "seen.py"
    script.write_text(SEEN)
    for program in (("-c", SEEN), (script,)):
        warm, cold = of_both(client, client.python, *options, *program, "a", "\xfc b")
        assert json.loads(warm[1]) == json.loads(cold[1])
        assert warm == cold


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS)
def test_it_ends_as_it_would(client: Client, text: str) -> None:
    warm, cold = of_both(client, client.python, "-W", "error", "-c", text)
    assert warm == cold


def test_a_command_answers_as_it_would(client: Client) -> None:
    park = client.python.with_name("park")
    for words in (("--version",), ("status", "absent"), ("no-such",), ("jobs", "--help")):
        warm, cold = of_both(client, park, *words)
        assert warm == cold


def test_what_was_installed_meanwhile_is_there(client: Client, tmp_path: Path) -> None:
    text = "import json, light_model; print(json.dumps(light_model.__file__))"
    for name in ("one", "other"):
        model = ModelTree("light-model", tmp_path / name)
        model.install(client.python)
        assert client.script(text) == str(model.root / "light_model.py")


def test_what_was_imported_ahead_and_is_another_now_starts_cold(
    client: Client, tmp_path: Path
) -> None:
    python = make_virtualenv(tmp_path / "venv")
    own = replace(client, python=python, folder=tmp_path)
    text = "import json, platformdirs; print(json.dumps(platformdirs.__doc__))"
    assert own.script(text) != "edited"
    (file,) = python.parents[1].glob("lib/*/site-packages/platformdirs/__init__.py")
    file.unlink()
    file.write_text('"edited"\n')
    assert own.script(text) == "edited"


def test_a_command_that_does_not_end_is_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.services.park_client.LIMIT_S", 0.5)
    with pytest.raises(TimeoutError):
        client._run(client.python, "-c", "import signal; signal.pause()")


def test_a_copied_virtualenv_is_as_its_installer_left_it(client: Client) -> None:
    (record,) = client.python.parents[1].glob("lib/*/site-packages/park_dist-*/RECORD")
    assert record.stat().st_nlink == 1
    (row,) = [row for row in record.read_text().splitlines() if row.startswith("../")]
    script = client.python.with_name("park")
    assert script.read_text().startswith(f"#!{client.python}\n")
    assert row.endswith(f",{script.stat().st_size}")


def test_a_tree_that_is_installed_again_elsewhere_is_as_its_installer_leaves_it(
    client: Client, tmp_path: Path
) -> None:
    def seen(root: Path) -> dict[str, str]:
        (site,) = client.python.parents[1].glob("lib/*/site-packages")
        files = [site / "light_model.pth", *site.glob("light_model-*/*")]
        texts = {file.name: file.read_text().replace(str(root), "ROOT") for file in files}
        assert f"light_model.pth,sha256={digest_of(site / 'light_model.pth')}," in texts["RECORD"]
        del texts["RECORD"], texts["uv_cache.json"]  # digests, which were looked at, and a time
        return texts

    first, other = (ModelTree("light-model", tmp_path / name) for name in ("a", "other"))
    uv_install(client.python, first.root, options=("--no-deps",))
    by_uv = seen(first.root)
    first.install(client.python)
    other.install(client.python)
    assert seen(other.root) == by_uv
    uv_install(client.python, "sortedcontainers", first.root, options=("--no-deps",))
    other.install(client.python)  # somebody else has installed it meanwhile
    assert seen(other.root) == by_uv


def digest_of(file: Path) -> str:
    return urlsafe_b64encode(sha256(file.read_bytes()).digest()).decode().rstrip("=")
