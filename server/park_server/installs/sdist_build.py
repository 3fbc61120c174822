"""Wheels that the service builds from a client's source, where its operator allows that.

The service's own process reads ``pyproject.toml`` and moves files; all that runs code of the
user (the hooks of the build backend) runs confined, in an environment made for this build
alone. Build requirements are wheels from the service's index, at the versions that the
client's build had, since those are part of the tree's version.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

import uv
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from park.build.backend import Backend
from park.build.isolation.isolated_env import BuildEnvironment
from park.build.output import build_failed
from park.build.retag import retag
from park.build.tree.version_control import Pretence
from park.digests import file_sha256
from park.errors import BuildFailed, CannotSatisfy, InvalidUpload
from park.local.pyproject import read_pyproject
from park_server import untrusted
from park_server.accounts.account import Account
from park_server.envs.interpreters import Interpreter
from park_server.envs.resolve import child_environment
from park_server.installs.build_command import ConfinedRunner
from park_server.installs.build_requirements import required_by_name
from park_server.installs.checked_request import TreeSource

__all__ = ["BuildPolicy", "SourceBuilder"]

_INSTALL_TIMEOUT_S = 600.0
_MAX_UNPACKED_BYTES = 2 << 30
_PASSED = 0o711


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPolicy:
    """What the operator allows: whether to build at all, for how long, with how much memory."""

    allowed: bool
    timeout_s: float = 1800.0
    memory_bytes: int = 4 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class _Site:
    """The folder of one build."""

    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def home(self) -> Path:
        """Where the backend may write whatever it likes."""
        return self.folder / "home"

    @property
    def raw(self) -> Path:
        """Where it leaves the wheel."""
        return self.folder / "raw"

    def prepare(self, account: Account | None) -> None:
        """Make its folders. What the backend writes to is of ``account``, all else stays ours.

        So it cannot change the environment in which uv installs more, with the index's login.
        """
        for made in (self.home, self.raw):
            made.mkdir()
        if account is not None:
            self.folder.chmod(_PASSED)
            for top in (self.home, self.raw, self.source):
                for folder, _, files in os.walk(top):
                    for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
                        os.chown(path, *account.owner, follow_symlinks=False)


@dataclass(kw_only=True)
class SourceBuilder:
    """Builds wheels below ``folder``; ``home`` is the service's, which builds cannot write to.

    ``index_url`` may bear credentials; only uv sees them, never a build backend. ``reached`` are
    the interpreters, which the accounts of users need.
    """

    policy: BuildPolicy
    home: Path
    folder: Path
    index_url: str = field(repr=False)
    cache: Path
    reached: Sequence[Path] = ()

    def __post_init__(self) -> None:
        untrusted.remove_if_possible(self.folder)  # what a killed service left
        self.folder.mkdir(parents=True)
        self.folder.chmod(_PASSED)
        self.cache.mkdir(parents=True, exist_ok=True)
        self._runner = ConfinedRunner(
            home=self.home,
            timeout_s=self.policy.timeout_s,
            memory_bytes=self.policy.memory_bytes,
            reached=self.reached,
        )
        self._installer = ConfinedRunner(
            home=self.home,
            timeout_s=_INSTALL_TIMEOUT_S,
            memory_bytes=self.policy.memory_bytes,
            network=True,  # of which uv is given the index of this service alone
        )

    def require_allowed(self, sources: Iterable[TreeSource]) -> None:
        """Raise `CannotSatisfy` where there are ``sources`` and the operator allows no builds."""
        names = ", ".join(source.filename for source in sources)
        if names and not self.policy.allowed:
            raise CannotSatisfy(
                f"this service builds nothing that is sent to it: {names}",
                hint="send a wheel for its platform, or ask its operator for --allow-builds",
            )

    @contextmanager
    def built(
        self,
        source: TreeSource,
        archive: Path,
        interpreter: Interpreter,
        account: Account | None = None,
    ) -> Iterator[Path]:
        """Give the wheel of ``source`` at its version; the build's folder goes at the end.

        The backend is run as ``account``; None: as the service's own. Raises `BuildFailed`,
        `InvalidUpload` for an archive that is no source distribution, or `CannotSatisfy` where
        the wheel is not for ``interpreter`` all the same.
        """
        self.require_allowed([source])
        site = _Site(folder=Path(mkdtemp(dir=self.folder)))
        try:
            tree = _unpacked(archive, site.source)
            raw = self._raw_wheel(source, tree, site, interpreter, account)
            _check(raw, source, interpreter)
            finished = site.folder / "finished"
            finished.mkdir()
            yield retag(raw, source.pin.version, finished, build=_build_tag(raw))
        finally:
            untrusted.remove_if_possible(site.folder)  # as a backend left it

    def stop(self) -> None:
        """End the builds that run."""
        self._runner.stop()
        self._installer.stop()

    def _raw_wheel(
        self,
        source: TreeSource,
        tree: Path,
        site: _Site,
        interpreter: Interpreter,
        account: Account | None,
    ) -> Path:
        site.prepare(account)
        self._uv(site, ["venv", "--quiet", "--python", str(interpreter.executable), str(site.venv)])
        constraints = site.folder / "constraints.txt"
        pins = "".join(f"{pin}\n" for pin in source.build_pins)
        constraints.write_text(pins, encoding="utf-8")
        self._install(read_pyproject(tree).build_system.requires, site, constraints)
        backend = Backend(
            source=tree,
            environment=BuildEnvironment(python_executable=str(site.python), installed=()),
            told=_pretence(source),
            outer=self._runner.environ(site.home),
            launch=self._runner.showing(site.folder, account=account),
        )
        self._install(backend.requirements_for_wheel(), site, constraints)
        return _plain(backend.build_wheel(site.raw))

    def _install(self, requires: Iterable[str], site: _Site, constraints: Path) -> None:
        wanted = required_by_name(requires)
        if wanted:
            options = ["--python", str(site.python), "--constraint", str(constraints)]
            # wheels only: an sdist among them would run its code here, unconfined
            wheels_alone = ["--only-binary", ":all:"]
            self._uv(site, ["pip", "install", "--quiet", *wheels_alone, *options, "--", *wanted])

    def _uv(self, site: _Site, arguments: list[str]) -> None:
        """Run uv, which sees the index's credentials and runs nothing of the user's."""
        variables = {
            "UV_DEFAULT_INDEX": self.index_url,
            "UV_CACHE_DIR": str(self.cache),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_LINK_MODE": "copy",  # no link leads from one mount into another
        }
        command = [uv.find_uv_bin(), "--no-config", *arguments]
        environ = child_environment(os.environ, variables)
        try:
            self._installer.showing(site.folder, self.cache)(command, str(site.folder), environ)
        except subprocess.SubprocessError as error:
            raise build_failed(
                "the service cannot install the build requirements",
                error,
                hint="see whether its index has wheels of them at the versions of here",
            ) from error


def _unpacked(archive: Path, target: Path) -> Path:
    """Unpack a source distribution and return its one folder."""
    try:
        with tarfile.open(archive) as members:
            size = 0
            for member in members:
                size += member.size
                if size > _MAX_UNPACKED_BYTES:
                    raise InvalidUpload(f"unpacked, the source is over {_MAX_UNPACKED_BYTES:,} B")
                if ".git" in PurePosixPath(member.name).parts:
                    # git would run what its configuration says, and not confined
                    raise InvalidUpload(f"{member.name}: a source has no folder .git")
                members.extract(member, target, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise InvalidUpload(f"not a source distribution: {error}") from error
    folders = list(target.iterdir()) if target.exists() else []
    if len(folders) != 1 or not folders[0].is_dir():
        raise InvalidUpload(f"a source distribution has one folder at its top, not {len(folders)}")
    return folders[0]


def _plain(wheel: Path) -> Path:
    """Return what a backend left as its wheel; raises `BuildFailed` for what is no file of it."""
    try:
        with untrusted.opened(wheel.parent, [wheel.name]):
            return wheel
    except (OSError, untrusted.NotPlain) as error:
        raise BuildFailed(f"what the build backend made as {wheel.name} is {error}") from error


def _pretence(source: TreeSource) -> Pretence | None:
    version = source.pretended_version
    if version is None:
        return None
    return Pretence(name=source.pin.name, version=version, tag=f"v{version}")


def _check(wheel: Path, source: TreeSource, interpreter: Interpreter) -> None:
    try:
        name, _, _, tags = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        raise BuildFailed(f"the build backend made {wheel.name!r}: {error}") from None
    if name != source.pin.name:
        raise BuildFailed(f"{source.filename} builds {name}; expected {source.pin.name}")
    if set(map(str, tags)).isdisjoint(interpreter.tags):
        raise CannotSatisfy(
            f"built on the service, {source.filename} gives {wheel.name}, which is not for "
            f"{interpreter.target.platform}",
            hint="correct what the project says of its platform",
        )


def _build_tag(wheel: Path) -> str:
    """Return a build tag that tells these bytes from a wheel of the same version from elsewhere.

    A file name is immutable in the index, and a compiler need not give the same bytes twice.
    """
    return f"0b{file_sha256(wheel)[:8]}"
